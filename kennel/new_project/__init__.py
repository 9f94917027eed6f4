"""A project for a folder of pictures: look at the folder, propose settings with their reasons, write kennel.yaml."""
