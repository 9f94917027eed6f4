"""Cached features: a frozen backbone runs once, and the last layer is trained and searched on its output."""
