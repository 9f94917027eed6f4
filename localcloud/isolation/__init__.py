"""Keeps the processes of jobs, functions, builds and endpoints apart from the machine and from each other."""
