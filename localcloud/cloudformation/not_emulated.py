"""Resource types that a template may hold although nothing is made of them, each with the reason."""

NOT_EMULATED = {
    "AWS::CDK::Metadata": "tells AWS which constructs a template came from; it makes no resource in AWS either",
}
