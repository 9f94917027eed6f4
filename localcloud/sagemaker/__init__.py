"""SageMaker, replaced where moto only pretends."""

from __future__ import annotations

from localcloud.server import Application

# Records of moto that invent nothing. Every other operation that no part of this package answers is refused by name.
_MOTO = (
    "CreateExperiment",
    "DescribeExperiment",
    "DeleteExperiment",
    "ListExperiments",
    "CreateTrial",
    "DescribeTrial",
    "DeleteTrial",
    "ListTrials",
    "CreateTrialComponent",
    "DescribeTrialComponent",
    "UpdateTrialComponent",
    "DeleteTrialComponent",
    "ListTrialComponents",
    "AssociateTrialComponent",
    "DisassociateTrialComponent",
    "AddTags",
    "ListTags",
    "DeleteTags",
)


def refuse_the_rest(app: Application) -> None:
    """Keep moto's invented results out of reach."""
    app.allow_only("sagemaker", _MOTO)
