"""Which steps run in which order: pure functions from the configuration to Amazon States Language.

Stacks use `machine.state_machine(config)`, `placeholders.used(definition)`, `permissions.statements(definition)`,
`functions.FUNCTIONS` and `specs.run_specs(config)`.
"""

from pipeline.machine import state_machine

__all__ = ["state_machine"]
