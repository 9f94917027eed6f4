"""What several programs must agree on: names, formats and places. Standard library only."""
