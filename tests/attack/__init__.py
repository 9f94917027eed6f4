"""Attacks: searches that try to make the product cost more, answer wrongly or fall over, and what they found."""
