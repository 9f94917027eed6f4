"""EmptyStorage: a custom resource that empties what a stack cannot delete while it contains something."""
