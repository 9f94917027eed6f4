"""One environment's cloud: clients, stack outputs, the endpoint, costs, clean-up around a destroy."""
