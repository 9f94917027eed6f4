"""The environment of PlanRun."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """`code_file` is the code archive's name in its channel; `specs_file` is relative to the handler's folder."""

    data_bucket: str
    artifacts_bucket: str
    region: str
    code_file: str
    check_quotas: bool
    specs_file: str = "specs.json"
