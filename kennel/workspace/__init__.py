"""This clone: its folders, the CDK CLI and the scripts of model_code."""
