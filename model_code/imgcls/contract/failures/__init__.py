"""Failures: the kinds of jobs, the sentence in a failure's cause, and what the errors of AWS services mean."""
