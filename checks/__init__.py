"""Our own controls over a synthesized assembly: what no rule pack sees. `python -m checks ASSEMBLY_DIR`."""
