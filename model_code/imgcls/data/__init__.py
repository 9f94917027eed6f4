"""Images for training and validation: class folders, packed shards, and batches of both."""
