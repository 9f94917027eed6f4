"""A project for a folder of images: look at the folder, propose settings with their reasons, write kennel.yaml."""
