"""Alarms: their definitions, the decision about their state, its evaluation, history and actions."""
