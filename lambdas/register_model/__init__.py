"""RegisterModel: a model package with metrics and lineage."""
