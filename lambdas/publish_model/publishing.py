"""Move an alias and, where configured, the stable key with it."""

from __future__ import annotations

import json
from typing import Any

from imgcls.contract import keys
from imgcls.contract.staged import Staged
from lambdas.common import s3
from lambdas.common.errors import Refused
from lambdas.publish_model import aliases, moves, stable_key
from lambdas.publish_model.environment import Environment


def champion(environment: Environment, *, name: str) -> dict[str, Any]:
    """The published version and its artifact's prefix; if nothing is published, a prefix without an artifact."""
    bucket, alias = environment.artifacts_bucket, aliases.read(environment.artifacts_bucket, name)
    if alias is None:
        return {"target_model": "", "uri": keys.uri(bucket, keys.NO_CHAMPION)}
    folder = keys.MODELS + alias.current.rpartition("/")[0] + "/"
    return {"target_model": alias.current, "uri": keys.uri(bucket, folder)}


def stage(environment: Environment, staged: Staged) -> dict[str, Any]:
    """Note that a version waits for the endpoint. `replaced`: the package of the one that waited so far, or ""."""
    bucket, key = environment.artifacts_bucket, keys.staged(staged.name)
    found = s3.read(bucket, key)
    s3.write_json(bucket, key, staged.to_dict())
    replaced = Staged.from_dict(json.loads(found[0])) if found else staged
    # The document stays when its version is published, and a retry finds its own.
    waits = replaced.package_arn != staged.package_arn and not replaced.is_published(aliases.read(bucket, staged.name))
    return {"note": f"{staged.target_model} is staged", "replaced": replaced.package_arn if waits else ""}


def publish(environment: Environment, *, tested: int, name: str, target_model: str, **move: Any) -> dict[str, Any]:
    """The alias's new content, and whether the instances have to be replaced. `tested` golden images were answered.

    Raises Refused for a missing artifact and for a version without a smoke test, StaleComparison if another version was
    published after the comparison.
    """
    if tested < 1:
        raise Refused(f"{target_model} was not smoke-tested: `kennel endpoint on` tests and publishes staged versions")
    return _move(environment, name=name, target_model=target_model, **move)


def rollback(environment: Environment, *, name: str, to: str | None, **move: Any) -> dict[str, Any]:
    """Make a version current that was current before, and so passed its smoke test. Raises Refused if there is none."""
    before = aliases.read(environment.artifacts_bucket, name)
    target_model = moves.rollback_target(before, name=name, to=to)
    return _move(environment, name=name, target_model=target_model, **move)


def _move(
    environment: Environment,
    *,
    name: str,
    target_model: str,
    who: str,
    when: str,
    why: str,
    compared_with: str | None = None,
) -> dict[str, Any]:
    bucket = environment.artifacts_bucket
    if not s3.exists(bucket, keys.MODELS + target_model):
        raise Refused(
            f"{keys.uri(bucket, keys.MODELS + target_model)} does not exist: publish a version that is staged"
        )
    alias = aliases.change(
        bucket,
        name,
        lambda before: moves.published(
            before, name=name, target_model=target_model, compared_with=compared_with, who=who, when=when, why=why
        ),
    )
    replaced = environment.stable_key and stable_key.write(bucket, name, target_model)
    return {
        "target_model": alias.current,
        "alias": alias.to_dict(),
        "refresh": bool(replaced and environment.refresh_stable_key),
        "note": f"{name} is at {target_model}",
    }
