"""All controls, one module per kind of resource, and what they find."""

from __future__ import annotations

from checks.assembly import Assembly
from checks.control import Violation
from checks.controls import (
    alarms,
    buckets,
    data_access,
    delivery,
    destinations,
    endpoint,
    exports,
    exposure,
    iam,
    jobs,
    keys,
    kinds,
    messages,
    network,
    orchestration,
    principals,
    publishing,
    secrets,
    studio,
    tasks,
    traffic,
)

CONTROLS = tuple(
    control
    for module in (
        buckets,
        keys,
        exposure,
        iam,
        data_access,
        jobs,
        tasks,
        publishing,
        endpoint,
        studio,
        orchestration,
        messages,
        alarms,
        principals,
        network,
        traffic,
        delivery,
        kinds,
        destinations,
        secrets,
        exports,
    )
    for control in module.CONTROLS
)


def violations(assembly: Assembly) -> list[Violation]:
    """Every violation once, whichever way the conditions of the templates turn out."""
    found = (v for branch in assembly.branches() for control in CONTROLS for v in control.violations(branch))
    return list(dict.fromkeys(found))
