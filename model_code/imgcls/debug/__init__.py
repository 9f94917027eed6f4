"""Watches a training: samples tensors of some steps, applies rules to them, reports the findings."""
