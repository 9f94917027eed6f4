"""CloudWatch Logs: filter patterns, metrics from log events, and what of moto is replaced."""
