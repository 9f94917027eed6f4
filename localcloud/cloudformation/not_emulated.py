"""Resource types that a template may contain although nothing is created for them, each with the reason."""

NOT_EMULATED = {
    "AWS::CDK::Metadata": "tells AWS which constructs a template came from; AWS creates nothing for it either",
}
