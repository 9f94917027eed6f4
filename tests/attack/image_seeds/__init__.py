"""One module for each format: images made from a few numbers, which the search for costly images changes.

`RANGES` are the least and the most of each number, `SEEDS` where the search begins, and `make` builds the file.
"""
