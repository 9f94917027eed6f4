"""Executions of the pipeline: start, follow, stop; their jobs, searches and reports."""
