"""The environment of DiagnoseFailure."""

from __future__ import annotations

from dataclasses import dataclass

from imgcls.contract.run_plan import MAX_RECOVERIES
from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """`max_attempts`: how often one model, or the preparation, may be tried again."""

    max_attempts: int = MAX_RECOVERIES
