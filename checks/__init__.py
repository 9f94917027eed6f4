"""Our own controls over a synthesized assembly: what rule packs do not check. `python -m checks ASSEMBLY_DIR`."""
