"""Transform jobs: every object below a prefix through a single-model container, one answer per object."""
