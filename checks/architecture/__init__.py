"""docs/architecture.md against the code: its table of permitted imports, and its pictures, which are generated."""
