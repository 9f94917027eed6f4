"""QualityGate: the decision between training and publishing."""
