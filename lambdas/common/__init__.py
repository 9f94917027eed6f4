"""Shared by all functions: the environment, clients, log lines in JSON, errors."""
