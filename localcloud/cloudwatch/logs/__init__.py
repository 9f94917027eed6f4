"""CloudWatch Logs: filter patterns, metrics from log events, and replacements in moto."""
