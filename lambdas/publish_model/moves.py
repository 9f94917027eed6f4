"""The next version of an alias: a newly published one, or an earlier one again. Pure."""

from __future__ import annotations

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from lambdas.common.errors import Refused, StaleComparison


def published(
    before: Alias | None, *, name: str, target_model: str, compared_with: str | None, who: str, when: str, why: str
) -> Alias:
    """The alias after publishing. Publishing the current version again changes nothing, so that a retry is harmless.

    `compared_with` is the version with which the candidate was compared: empty if none was published, None without a
    comparison. Raises StaleComparison if another version is published now.
    """
    current = before.current if before else ""
    if compared_with is not None and current not in (compared_with, target_model):
        raise StaleComparison(
            f"{name} is at {_version(current)} now, and this version was compared with {_version(compared_with)}: "
            "another run or a rollback came first, so this version was not published"
        )
    if before is None:
        return Alias(name, target_model, (), who, when, why)
    if before.current == target_model:
        return before
    return before.moved_to(target_model, who=who, when=when, why=why)


def rollback_target(before: Alias | None, *, name: str, to: str | None) -> str:
    """The target model to go back to: the previous one, or version `to` if it was current before.

    Only a version that passed its smoke test is ever current. Raises Refused with the choices.
    """
    if before is None:
        raise Refused(f"{name} was never published: there is nothing to roll back")
    if to is None:
        if not before.previous:
            raise Refused(f"{name} does not have an earlier version than {before.current}: name one with --to")
        return before.previous[0]
    target_model = to if to.endswith("/model.tar.gz") else keys.target_model(name, to)
    if target_model == before.current:
        raise Refused(f"{name} is already at {to}: choose from {_versions(before)}")
    if not target_model.startswith(f"{name}/"):
        raise Refused(f"{to} is not a version of {name}: choose from {_versions(before)}")
    if target_model not in before.previous:
        raise Refused(
            f"{to} of {name} was never published, so it may not have passed a smoke test: choose from "
            f"{_versions(before)}"
        )
    return target_model


def _version(target_model: str) -> str:
    return target_model.split("/")[1] if target_model else "nothing"


def _versions(alias: Alias) -> str:
    return ", ".join(map(_version, alias.previous)) or "none"
