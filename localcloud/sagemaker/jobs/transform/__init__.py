"""Transform jobs: send every object below a prefix to a single-model container and store one answer per object."""
