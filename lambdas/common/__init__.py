"""What every function shares: its environment, clients on first use, log lines in JSON, errors."""
