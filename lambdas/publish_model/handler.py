"""PublishModel: move the alias by a conditional write. The only alias writer; `kennel models rollback` calls it too.

`champion`  {"name"}: the published version, as {"target_model", "uri"}
`publish`   {"name", "target_model", "tested": how many golden images, "who", "why", "compared_with"?: the version that
            was published for the comparison}
`stage`     {"staged": the fields of `Staged` without `when`}: note a version that waits for the endpoint
            -> {"note", "replaced": the model package of the one that waited so far, or ""}
`rollback`  {"name", "target_model"?: a version or its key, by default the previous one, "who", "why"?}
`refresh`   {"rollout": {} at first}: while an answer's `refresh` is true, wait and call with its `rollout`
`publish`, `rollback` and `refresh` answer {"refresh", "note"}; the first two also "target_model" and "alias".
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from imgcls.contract.staged import Staged
from lambdas.common.errors import Refused
from lambdas.common.log import logged
from lambdas.publish_model import fleet, publishing
from lambdas.publish_model.environment import Environment


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    environment = Environment.from_environment(os.environ)
    now = datetime.now(UTC)
    action, when = event["action"], now.isoformat(timespec="seconds")
    if action == "refresh":
        rollout = fleet.Rollout(**event["rollout"])
        return vars(fleet.step(environment.endpoint_name, rollout, f"{now:%Y%m%d%H%M%S}"))
    if action == "champion":
        return publishing.champion(environment, name=event["name"])
    if action == "stage":
        return publishing.stage(environment, Staged(**event["staged"], when=when))
    who = {"name": event["name"], "who": event["who"], "when": when, "why": event.get("why", action)}
    if action == "publish":
        return publishing.publish(
            environment,
            tested=event.get("tested", 0),
            target_model=event["target_model"],
            compared_with=event.get("compared_with"),
            **who,
        )
    if action == "rollback":
        return publishing.rollback(environment, to=event.get("target_model"), **who)
    raise Refused(f"action is {action!r}; choose from champion, stage, publish, rollback, refresh")
