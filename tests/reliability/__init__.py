"""Long reliability programs: `make soak` runs them whole, the tests a short slice."""
