"""What an attacker, or a tired colleague, would change in a template: each must be found by our own controls alone."""

from tests.checks.breakages import alarms, data, identities, machines, network, policies, second_look, templates
from tests.checks.breakages.breakage import Break
from tests.checks.breakages.harmless import HARMLESS

__all__ = ["BREAKAGES", "HARMLESS"]

BREAKAGES: dict[str, Break] = {
    f"{module.__name__.rpartition('.')[2]}: {name}": change
    for module in (policies, identities, network, data, alarms, machines, templates, second_look)
    for name, change in module.BREAKAGES.items()
}
"""Title -> the change of the templates."""
