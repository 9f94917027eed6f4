"""PublishModel: the only writer of aliases."""
