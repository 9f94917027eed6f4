"""What jobs and endpoints share about containers: HTTP to them, their logs and the model archives they load."""
