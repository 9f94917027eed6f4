"""What jobs and endpoints need of an account's quotas, and what the account lacks. Pure.

Names are those of Service Quotas, which has no codes that can be derived from them. A quota that the service does not
list is treated as unlimited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TRAINING, SPOT, PROCESSING, TRANSFORM, ENDPOINT = "training", "spot training", "processing", "transform", "endpoint"
TOTALS = {
    TRAINING: "Number of instances across all training jobs",
    SPOT: "Number of instances across all spot training jobs",
    PROCESSING: "Number of instances across all processing jobs",
    TRANSFORM: "Number of instances across all transform jobs",
    ENDPOINT: "Number of instances across active endpoints",
}
"""By kind, the quota on the instances of all types together."""
PER_JOB = {
    TRAINING: "Maximum number of instances per training job",
    PROCESSING: "Maximum number of instances per processing job",
}
TRIALS_AT_ONCE = "Maximum number of training jobs each hyper parameter tuning job can run in parallel at once"
_CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}


@dataclass(frozen=True)
class Quota:
    """What an account has of one quota. Without a `code` the console's list of quotas is shown."""

    value: float
    code: str = ""


Quotas = Mapping[str, Quota]
"""Name, such as `ml.m5.xlarge for training job usage` -> what the account has."""


@dataclass(frozen=True)
class Need:
    """`count` of the quota `name` at once, for `purpose`, such as `the training of dogs`."""

    name: str
    count: int
    purpose: str


@dataclass(frozen=True)
class Shortage:
    """A need that the account's quota does not meet."""

    need: Need
    quota: Quota

    def sentence(self, region: str) -> str:
        """Quota, value, need, and where more is requested."""
        name, count = self.need.name, self.need.count
        return (
            f"the account's quota '{name}' is {self.quota.value:g}, and {self.need.purpose} needs {count}: request "
            f"{count} at {link(region, self.quota.code)}"
        )


def quota_name(instance_type: str, kind: str) -> str:
    """The quota on one instance type. The trials of a search count as training jobs."""
    return f"{instance_type} for {kind} usage" if kind == ENDPOINT else f"{instance_type} for {kind} job usage"


def job_needs(instance_type: str, kind: str, count: int, purpose: str, *, largest_job: int | None = None) -> list[Need]:
    """Of `count` instances at once. `largest_job`: the instances of one job, where several jobs make up `count`."""
    needs = [Need(quota_name(instance_type, kind), count, purpose), Need(TOTALS[kind], count, purpose)]
    if kind in PER_JOB:
        needs.append(Need(PER_JOB[kind], largest_job or count, purpose))
    return needs


def endpoint_needs(instance_type: str, instances: int) -> list[Need]:
    """Of an endpoint with its updates: a blue/green rollout starts the whole new fleet beside the old one."""
    purpose = "an update of the endpoint, which runs both fleets for a while,"
    return [Need(name, 2 * instances, purpose) for name in (quota_name(instance_type, ENDPOINT), TOTALS[ENDPOINT])]


def shortages(needs: Iterable[Need], quotas: Quotas) -> list[Shortage]:
    """The needs that the quotas do not meet, in their order."""
    return [Shortage(need, quotas[need.name]) for need in needs if need.name in quotas and lacks(need, quotas)]


def lacks(need: Need, quotas: Quotas) -> bool:
    return need.name in quotas and quotas[need.name].value < need.count


def link(region: str, code: str, service: str = "sagemaker") -> str:
    """The console's page on which an increase is requested."""
    console = next((host for prefix, host in _CONSOLES.items() if region.startswith(prefix)), "console.aws.amazon.com")
    return f"https://{region}.{console}/servicequotas/home/services/{service}/quotas/{code}".rstrip("/")
