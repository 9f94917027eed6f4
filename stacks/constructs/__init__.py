"""One module per capability; a stack composes them."""
