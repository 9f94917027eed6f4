"""Which steps in which order: pure functions from the configuration to Amazon States Language.

What a stack needs: `machine.state_machine(config)`, `placeholders.used(definition)`,
`permissions.statements(definition)`, `lambdas.FUNCTIONS` and `specs.run_specs(config)`.
"""

from pipeline.machine import state_machine

__all__ = ["state_machine"]
