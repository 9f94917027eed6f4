"""Quotas: what the environment needs at once, against what the account has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.app import AppConfig
from config.compute import JobCompute
from kennel.preflight.finding import Finding, Level, error, ok, unknown, warning
from kennel.preflight.subject import Subject
from lambdas.plan_run.quotas import quota_name

TOTALS = {
    "training": "Number of instances across all training jobs",
    "spot training": "Number of instances across all spot training jobs",
    "processing": "Number of instances across all processing jobs",
    "endpoint": "Number of instances across active endpoints",
}
BUILDS = "Concurrently running builds for Linux/Small environment"


@dataclass(frozen=True)
class Need:
    """`instances` of `name` at once, for `purpose`. `blocks`: without them nothing works; else something waits."""

    name: str
    instances: int
    purpose: str
    blocks: bool = True


@dataclass(frozen=True)
class Quota:
    value: float
    code: str


def needs(config: AppConfig) -> list[tuple[Need, ...]]:
    """What must be there; of the needs in one entry (an instance type and its fallbacks) one is enough."""
    kind = "spot training" if config.spot.enabled else "training"
    jobs = [
        _alternatives(config.training, kind, "a training job"),
        _alternatives(config.preparation, "processing", "the preparation of a data set"),
        _alternatives(config.evaluation, "processing", "the evaluation of a model"),
    ]
    trials = max((model.tuning.max_parallel_jobs for model in config.models if model.tuning), default=0)
    totals = [
        (Need(TOTALS[kind], config.training.instance_count, "a training job"),),
        (Need(TOTALS["processing"], config.preparation.instance_count, "the preparation of a data set"),),
    ]
    if trials > 1:
        at_once = trials * config.training.instance_count
        totals += [
            (Need(TOTALS[kind], at_once, f"{trials} trials at once", blocks=False),),
            (Need(quota_name(config.training.instance_type, kind), at_once, f"{trials} trials at once", blocks=False),),
        ]
    return [*jobs, *totals, *_endpoint(config)]


def _alternatives(compute: JobCompute, kind: str, purpose: str) -> tuple[Need, ...]:
    return tuple(Need(quota_name(name, kind), compute.instance_count, purpose) for name in compute.types)


def _endpoint(config: AppConfig) -> list[tuple[Need, ...]]:
    """A rollout starts the whole new fleet beside the old one."""
    endpoint = config.endpoint
    names = (f"{endpoint.instance_type} for endpoint usage", TOTALS["endpoint"])
    least, twice = endpoint.min_instances, 2 * endpoint.min_instances
    return [
        need
        for name in names
        for need in (
            (Need(name, least, "the endpoint", blocks=endpoint.enabled),),
            (Need(name, twice, "an update of the endpoint, which doubles it for a while", blocks=False),),
        )
    ]


def instances(subject: Subject) -> Iterator[Finding]:
    """Each need that the account's quotas do not meet."""
    quotas = _read(subject, "sagemaker")
    found = [finding for need in needs(subject.config) for finding in compare(need, quotas, subject.config.region)]
    yield from found
    if all(item.level is Level.OK for item in found):
        yield ok("the quotas allow every job and the endpoint with its updates")


def compare(alternatives: tuple[Need, ...], quotas: Mapping[str, Quota], region: str) -> Iterator[Finding]:
    """What is wrong with one entry of `needs`: nothing, where one of the alternatives is allowed."""
    unlisted = [need for need in alternatives if need.name not in quotas]
    if len(unlisted) == len(alternatives):
        names = ", ".join(f"'{need.name}'" for need in unlisted)
        yield unknown(
            f"Service Quotas does not list {names}: the first {alternatives[0].purpose} shows whether it is 0"
        )
        return
    allowed = [need for need in alternatives if need.name in quotas and quotas[need.name].value >= need.instances]
    if allowed and allowed[0] is alternatives[0]:
        return
    short = [need for need in alternatives if need.name in quotas and need not in allowed]
    for need in short:
        quota = quotas[need.name]
        sentence = (
            f"'{need.name}' is {quota.value:g}, and {need.purpose} needs {need.instances}: request more at "
            f"{link(region, 'sagemaker', quota.code)}"
        )
        if need.blocks and not allowed:
            yield error(sentence)
        else:
            yield warning(sentence)


def link(region: str, service: str, code: str) -> str:
    """The console's page on which an increase is requested."""
    return f"https://{region}.console.aws.amazon.com/servicequotas/home/services/{service}/quotas/{code}"


def builds(subject: Subject) -> Iterator[Finding]:
    """CodeBuild's quota says less than it seems to."""
    if subject.config.images.source != "codebuild":
        yield ok(f"images.source is {subject.config.images.source}: nothing is built in the account")
        return
    quota = _read(subject, "codebuild").get(BUILDS)
    if quota is not None and quota.value < 1:
        where = link(subject.config.region, "codebuild", quota.code)
        yield error(f"'{BUILDS}' is 0, and the images are built there: request more at {where}")
        return
    listed = f"Service Quotas says {quota.value:g}, but" if quota else "Service Quotas does not list it, and"
    yield unknown(
        f"whether CodeBuild starts a build: {listed} a new account may have 0 until AWS Support lifts it; the first "
        "deploy shows it (`Cannot have more than 0 builds in queue`)"
    )


def _read(subject: Subject, service: str) -> dict[str, Quota]:
    pages = subject.session.client("service-quotas").get_paginator("list_service_quotas")
    rows = pages.paginate(ServiceCode=service, PaginationConfig={"PageSize": 100})
    return {row["QuotaName"]: Quota(row["Value"], row["QuotaCode"]) for page in rows for row in page["Quotas"]}
