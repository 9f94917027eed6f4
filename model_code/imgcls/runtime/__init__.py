"""The machine that a process runs on: cores, devices, other processes, and what its libraries lack."""
