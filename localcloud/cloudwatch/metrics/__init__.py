"""Metrics: their values, the queries over them, and metric math."""
