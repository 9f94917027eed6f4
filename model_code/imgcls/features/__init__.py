"""A frozen backbone runs once; its answers are kept, and the last layer is trained and searched on them."""
