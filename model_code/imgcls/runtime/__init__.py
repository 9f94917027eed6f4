"""The machine that a process runs on: cores, devices, other processes, and gaps in its libraries."""
