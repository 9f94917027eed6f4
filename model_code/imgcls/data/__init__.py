"""Images for training and validation: where they lie (`folders`) and how batches are made (`loader`)."""
