"""All controls, one module per kind of resource."""

from checks.controls import (
    buckets,
    delivery,
    endpoint,
    exports,
    iam,
    jobs,
    keys,
    messages,
    network,
    orchestration,
    principals,
    studio,
)

CONTROLS = tuple(
    control
    for module in (
        buckets,
        keys,
        iam,
        jobs,
        endpoint,
        studio,
        orchestration,
        messages,
        principals,
        network,
        delivery,
        exports,
    )
    for control in module.CONTROLS
)
