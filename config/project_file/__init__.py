"""`kennel.yaml`: what a user says of a project, read, merged over the presets, checked and shown."""
