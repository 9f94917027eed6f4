"""The language of the repository: what is written in code, messages and pages, held against a list of rules."""
