"""The AWS services that Task states call."""
