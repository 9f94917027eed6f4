"""Where it runs: one module per stack; `constructs/` holds one module per capability."""
