"""SageMaker: jobs and endpoints really run. moto answers only operations whose results it does not invent."""

from __future__ import annotations

from localcloud.server import Application

# Operations for which moto keeps records and invents no results. All others that this package does not answer are
# refused by name.
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
    """Refuse the operations whose results moto would invent."""
    app.allow_only("sagemaker", _MOTO)
