"""Measures where a training job's time goes: operators, steps, the machine, the start."""
