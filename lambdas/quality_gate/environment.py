"""The environment of QualityGate."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """What a candidate must reach on the test split: see `config.pipeline.GateConfig`. Accuracies in 0..1."""

    min_accuracy: float
    max_regression: float
    max_latency_ms: float
    min_fp32_agreement: float
