"""One module for each format: what a file of it consists of, read with a bounded number of steps."""
