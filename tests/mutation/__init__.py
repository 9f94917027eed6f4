"""Mutation testing: `python -m tests.mutation` plants faults in the product and expects the nearest tests to fail."""
