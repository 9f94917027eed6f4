"""The Prepare step: prove a folder of images before paying to train on it."""
