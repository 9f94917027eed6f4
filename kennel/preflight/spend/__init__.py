"""The smallest real run: an environment of its own, priced before, deleted after."""
