"""The Prepare step: check a folder of images before paying for a training, and pack it."""
