"""Quotas: what the environment needs at once, against what the account has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from config.app import AppConfig
from config.compute import JobCompute
from kennel.preflight.finding import Finding, Level, error, ok, unknown, warning
from kennel.preflight.subject import Subject
from lambdas.plan_run.account_quotas import BUDGET_SECONDS, PAGE
from lambdas.plan_run.quotas import (
    ENDPOINT,
    PROCESSING,
    SPOT,
    TOTALS,
    TRAINING,
    TRIALS_AT_ONCE,
    Need,
    Quota,
    Quotas,
    Shortage,
    endpoint_needs,
    job_needs,
    lacks,
    link,
    quota_name,
)

BUILDS = "Concurrently running builds for Linux/Small environment"


@dataclass(frozen=True)
class Entry:
    """Needs of which one is enough: an instance type and its fallbacks.

    `blocks`: without one of them nothing works; else something waits, or comes later.
    """

    alternatives: tuple[Need, ...]
    blocks: bool = True


def needs(config: AppConfig) -> list[Entry]:
    """What must be there for the jobs one by one, for trials at once, and for the endpoint."""
    kind = SPOT if config.spot.enabled else TRAINING
    return [
        *_job(config.training, kind, "a training job"),
        *_job(config.preparation, PROCESSING, "the preparation of a data set"),
        *_job(config.evaluation, PROCESSING, "the evaluation of a model"),
        *_trials(config, kind),
        *_endpoint(config),
    ]


def _job(compute: JobCompute, kind: str, purpose: str) -> list[Entry]:
    by_type = [job_needs(name, kind, compute.instance_count, purpose) for name in compute.types]
    of_all_types = by_type[0][1:]
    return [Entry(tuple(first for first, *_ in by_type)), *(Entry((need,)) for need in of_all_types)]


def _trials(config: AppConfig, kind: str) -> list[Entry]:
    """A run starts fewer models side by side where these are short."""
    trials = max((model.tuning.max_parallel_jobs for model in config.models if model.tuning), default=0)
    if trials < 2:
        return []
    compute, purpose = config.training, f"{trials} trials at once"
    count = compute.instance_count
    at_once = job_needs(compute.instance_type, kind, trials * count, purpose, largest_job=count)
    return [Entry((need,), blocks=False) for need in (*at_once, Need(TRIALS_AT_ONCE, trials, purpose))]


def _endpoint(config: AppConfig) -> list[Entry]:
    """One that is off may be turned on later."""
    endpoint = config.endpoint
    names = (quota_name(endpoint.instance_type, ENDPOINT), TOTALS[ENDPOINT])
    least = [Entry((Need(name, endpoint.min_instances, "the endpoint"),), blocks=endpoint.enabled) for name in names]
    updates = endpoint_needs(endpoint.instance_type, endpoint.min_instances)
    return [*least, *(Entry((need,), blocks=False) for need in updates)]


def instances(subject: Subject) -> Iterator[Finding]:
    """Each need that the account's quotas do not meet."""
    quotas = _read(subject, "sagemaker")
    found = [finding for entry in needs(subject.config) for finding in compare(entry, quotas, subject.config.region)]
    yield from found
    if all(item.level is Level.OK for item in found):
        yield ok("the quotas allow every job and the endpoint with its updates")


def compare(entry: Entry, quotas: Quotas, region: str) -> Iterator[Finding]:
    """What is wrong with one entry of `needs`: nothing, where its first alternative is allowed."""
    listed = [need for need in entry.alternatives if need.name in quotas]
    if not listed:
        names = ", ".join(f"'{need.name}'" for need in entry.alternatives)
        purpose = entry.alternatives[0].purpose
        yield unknown(f"Service Quotas does not list {names}: the first {purpose} shows whether it is 0")
        return
    allowed = [need for need in listed if not lacks(need, quotas)]
    if allowed and allowed[0] is entry.alternatives[0]:
        return
    for need in listed:
        if need in allowed:
            continue
        sentence = Shortage(need, quotas[need.name]).sentence(region)
        yield error(sentence) if entry.blocks and not allowed else warning(sentence)


def pace(subject: Subject) -> Iterator[Finding]:
    """Whether the quotas can be read in the time that a run has for it."""
    names = {need.name for entry in needs(subject.config) for need in entry.alternatives}
    began = time.monotonic()
    if names - set(_read(subject, "sagemaker")):
        _read(subject, "sagemaker", "list_aws_default_service_quotas")
    seconds = time.monotonic() - began
    if seconds > BUDGET_SECONDS:
        yield warning(
            f"reading SageMaker's quotas takes {seconds:.0f} seconds, and a run goes on without them after "
            f"{BUDGET_SECONDS:.0f}: `pipeline: {{check_quotas: false}}` saves that time"
        )
    else:
        yield ok(f"SageMaker's quotas are read in {seconds:.0f} seconds; a run has {BUDGET_SECONDS:.0f} for it")


def builds(subject: Subject) -> Iterator[Finding]:
    """CodeBuild's quota says less than it seems to."""
    if subject.config.images.source != "codebuild":
        yield ok(f"images.source is {subject.config.images.source}: nothing is built in the account")
        return
    quota = _read(subject, "codebuild").get(BUILDS)
    if quota is not None and quota.value < 1:
        where = link(subject.config.region, quota.code, "codebuild")
        yield error(f"'{BUILDS}' is 0, and the images are built there: request more at {where}")
        return
    listed = f"Service Quotas says {quota.value:g}, but" if quota else "Service Quotas does not list it, and"
    yield unknown(
        f"whether CodeBuild starts a build: {listed} a new account may have 0 until AWS Support lifts it; the first "
        "deploy shows it (`Cannot have more than 0 builds in queue`)"
    )


def _read(subject: Subject, service: str, operation: str = "list_service_quotas") -> dict[str, Quota]:
    pages = subject.session.client("service-quotas").get_paginator(operation)
    rows = pages.paginate(ServiceCode=service, PaginationConfig={"PageSize": PAGE})
    return {row["QuotaName"]: Quota(row["Value"], row["QuotaCode"]) for page in rows for row in page["Quotas"]}
