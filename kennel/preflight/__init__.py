"""What can be known before the money: checks that cost nothing, and the smallest real run."""
