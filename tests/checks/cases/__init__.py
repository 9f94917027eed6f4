"""Small resources that hold a control, and each way to break it: the table that `test_small_resources` reads."""
