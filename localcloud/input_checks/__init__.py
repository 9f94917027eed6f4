"""Every request is checked against its service's own model before it is answered.

botocore's models carry lengths, ranges, patterns and enumerations. AWS enforces them; clients check few of them, moto
almost none. `reading` finds a request's operation and values, `constraints` compares them with the shapes, `refusals`
words what is broken as the service does, and `corrections` lists where a model and its service differ. `rules` has
what services refuse that no model says.
"""

from localcloud.input_checks.reading import check_input

__all__ = ["check_input"]
