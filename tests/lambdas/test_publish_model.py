"""The alias, concurrent writers, the stable key, and rollbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.staged import Staged
from lambdas.common.errors import NotReady, Refused, StaleComparison
from lambdas.publish_model import aliases
from lambdas.publish_model.environment import Environment
from lambdas.publish_model.handler import handler
from tests.lambdas.conftest import Account, Call

WHO = {"name": "m", "who": "arn:execution", "why": "accuracy 0.9"}


def target(version: str) -> str:
    return f"m/{version}/model.tar.gz"


@pytest.fixture
def environment(aws: Account) -> Environment:
    for version in ("v1", "v2", "v3"):
        aws.s3.put_object(Bucket=aws.artifacts, Key=f"models/{target(version)}", Body=version.encode())
    return Environment(aws.artifacts, "kennel", stable_key=False, refresh_stable_key=True)


@pytest.fixture
def publish(environment: Environment, function: Call) -> Callable[..., Any]:
    def call(version: str, settings: Environment = environment, **changes: str | int) -> Any:
        event = {"action": "publish", "target_model": target(version), "tested": 8, **WHO, **changes}
        return function(handler, settings, event)

    return call


def alias_of(aws: Account) -> Alias:
    return Alias.from_dict(json.loads(aws.s3.get_object(Bucket=aws.artifacts, Key=keys.alias("m"))["Body"].read()))


def test_the_first_version_becomes_current(aws: Account, publish: Callable[..., Any]) -> None:
    publish("v1")
    alias = alias_of(aws)
    assert (alias.current, alias.previous) == (target("v1"), ())
    assert (alias.who, alias.why) == ("arn:execution", "accuracy 0.9")


def test_later_versions_keep_the_earlier_ones(aws: Account, publish: Callable[..., Any]) -> None:
    for version in ("v1", "v2", "v3"):
        publish(version)
    assert alias_of(aws).previous == (target("v2"), target("v1"))


def test_a_retry_changes_nothing(aws: Account, publish: Callable[..., Any]) -> None:
    publish("v1")
    publish("v2")
    before = alias_of(aws)
    publish("v2", who="a retry")
    assert alias_of(aws) == before


def test_the_champion_is_what_is_published_now(
    aws: Account, environment: Environment, publish: Callable[..., Any], function: Call
) -> None:
    def champion() -> Any:
        return function(handler, environment, {"action": "champion", "name": "m"})

    assert champion() == {"target_model": "", "uri": f"s3://{aws.artifacts}/{keys.NO_CHAMPION}"}
    publish("v1")
    publish("v2")
    assert champion() == {"target_model": target("v2"), "uri": f"s3://{aws.artifacts}/models/m/v2/"}


@pytest.mark.parametrize("compared_with", ["", target("v1")])
def test_a_candidate_that_was_compared_with_another_version_is_not_published(
    aws: Account, publish: Callable[..., Any], compared_with: str
) -> None:
    publish("v1")
    publish("v2")
    with pytest.raises(StaleComparison, match=r"m is at v2 now, and this version was compared with (nothing|v1): "):
        publish("v3", compared_with=compared_with)
    assert alias_of(aws).current == target("v2")


def test_the_candidate_of_the_current_comparison_is_published_once(aws: Account, publish: Callable[..., Any]) -> None:
    publish("v1", compared_with="")
    publish("v2", compared_with=target("v1"))
    publish("v2", compared_with=target("v1"))  # a retry
    assert (alias_of(aws).current, alias_of(aws).previous) == (target("v2"), (target("v1"),))


def test_of_two_candidates_at_the_same_time_one_is_published(
    aws: Account, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("v1")
    original = aliases._write

    def conflicting(bucket: str, alias: Alias, etag: str | None) -> bool:
        monkeypatch.setattr(aliases, "_write", original)
        publish("v3", compared_with=target("v1"))
        return original(bucket, alias, etag)

    monkeypatch.setattr(aliases, "_write", conflicting)
    with pytest.raises(StaleComparison):
        publish("v2", compared_with=target("v1"))
    assert (alias_of(aws).current, alias_of(aws).previous) == (target("v3"), (target("v1"),))


def test_a_version_that_is_not_staged_is_never_named(aws: Account, publish: Callable[..., Any]) -> None:
    publish("v1")
    with pytest.raises(Refused, match="does not exist"):
        publish("v9")
    assert alias_of(aws).current == target("v1")


@pytest.mark.parametrize("event", [{"tested": 0}, {}])
def test_no_alias_is_written_without_a_smoke_test(
    aws: Account, environment: Environment, function: Call, event: dict[str, int]
) -> None:
    with pytest.raises(Refused, match=r"m/v1/model.tar.gz was not smoke-tested: `kennel endpoint on`"):
        function(handler, environment, {"action": "publish", "target_model": target("v1"), **WHO, **event})
    assert aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix=keys.ALIASES)["KeyCount"] == 0


def test_a_staged_version_is_noted_and_not_published(aws: Account, environment: Environment, function: Call) -> None:
    staged = {
        "name": "m", "target_model": target("v2"), "compared_with": target("v1"), "package_arn": "arn:package/2",
        "execution": "run-2", "run_uri": "s3://artifacts-bucket/runs/run-2/m/", "reason": "better", "accuracy": 0.9,
    }  # fmt: skip
    answer = {"note": "m/v2/model.tar.gz is staged", "replaced": ""}
    for _ in ("once", "again, after an answer that was lost"):
        assert function(handler, environment, {"action": "stage", "staged": staged}) == answer
    found = Staged.from_dict(json.loads(aws.s3.get_object(Bucket=aws.artifacts, Key="staged/m.json")["Body"].read()))
    assert asdict(found) == {**staged, "when": found.when, "format": 1} and found.when
    assert aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix=keys.ALIASES)["KeyCount"] == 0


def test_the_package_of_the_version_that_waited_so_far_is_named(
    aws: Account, environment: Environment, function: Call, publish: Callable[..., Any]
) -> None:
    fields = {"name": "m", "compared_with": "", "execution": "r", "run_uri": "s3://b/r/", "reason": "", "accuracy": 0.9}

    def stage(version: str) -> str:
        staged = {**fields, "target_model": target(version), "package_arn": f"arn:package/{version}"}
        answer = function(handler, environment, {"action": "stage", "staged": staged})
        return str(answer["replaced"])

    assert [stage("v1"), stage("v2")] == ["", "arn:package/v1"]
    publish("v2")
    assert stage("v3") == "", "what was published is not taken back"


def test_a_conflicting_writer_keeps_the_others_version(
    aws: Account, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("v1")
    original = aliases._write

    def conflicting(bucket: str, alias: Alias, etag: str | None) -> bool:
        monkeypatch.setattr(aliases, "_write", original)
        publish("v3")  # another writer, between our read and our write
        return original(bucket, alias, etag)

    monkeypatch.setattr(aliases, "_write", conflicting)
    publish("v2")
    assert alias_of(aws).current == target("v2")
    assert alias_of(aws).previous == (target("v3"), target("v1"))


def test_two_first_writers_do_not_lose_each_other(
    aws: Account, environment: Environment, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = aliases._write

    def conflicting(bucket: str, alias: Alias, etag: str | None) -> bool:
        monkeypatch.setattr(aliases, "_write", original)
        publish("v3")
        return original(bucket, alias, etag)

    monkeypatch.setattr(aliases, "_write", conflicting)
    publish("v1")
    assert alias_of(aws).previous == (target("v3"),)


def test_conflicts_without_end_are_given_up(publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "_write", lambda *_: False)
    with pytest.raises(NotReady, match=f"{aliases.ATTEMPTS} times meanwhile"):
        publish("v1")


@pytest.fixture
def rollback(environment: Environment, function: Call, publish: Callable[..., Any]) -> Callable[..., Any]:
    def call(**event: str) -> Any:
        return function(handler, environment, {"action": "rollback", **WHO, **event})

    return call


def test_a_rollback_goes_to_the_version_before(
    aws: Account, publish: Callable[..., Any], rollback: Callable[..., Any]
) -> None:
    publish("v1")
    publish("v2")
    assert rollback(why="wrong labels")["target_model"] == target("v1")
    alias = alias_of(aws)
    assert (alias.current, alias.previous, alias.why) == (target("v1"), (target("v2"),), "wrong labels")


@pytest.mark.parametrize("to", ["v1", target("v1")])
def test_a_rollback_goes_to_a_version_that_is_named(
    aws: Account, publish: Callable[..., Any], rollback: Callable[..., Any], to: str
) -> None:
    for version in ("v1", "v2", "v3"):
        publish(version)
    rollback(target_model=to)
    assert alias_of(aws).current == target("v1")


@pytest.mark.parametrize(
    ("published", "to", "words"),
    [
        ([], None, "was never published"),
        (["v1"], None, "does not have an earlier version"),
        (["v1", "v2"], "v2", "is already at v2: choose from v1"),
        (["v1", "v2"], "v9", "v9 of m was never published, so it may not have passed a smoke test: choose from v1"),
        (["v1", "v2"], "v3", "v3 of m was never published"),
        (["v1", "v2"], "other/v1/model.tar.gz", "is not a version of m: choose from v1"),
    ],
)
def test_an_impossible_rollback_is_refused(
    publish: Callable[..., Any], rollback: Callable[..., Any], published: list[Any], to: str | None, words: str
) -> None:
    for version in published:
        publish(version)
    with pytest.raises(Refused, match=words):
        rollback(**({"target_model": to} if to else {}))


@pytest.fixture
def stable(aws: Account) -> Environment:
    return Environment(aws.artifacts, "kennel", stable_key=True, refresh_stable_key=True)


def content(aws: Account) -> Any:
    return aws.s3.get_object(Bucket=aws.artifacts, Key="models/m/model.tar.gz")["Body"].read()


def test_the_stable_key_follows_and_only_an_overwrite_refreshes(
    aws: Account, publish: Callable[..., Any], stable: Environment
) -> None:
    assert publish("v1", stable)["refresh"] is False
    assert content(aws) == b"v1"
    assert publish("v2", stable)["refresh"] is True
    assert content(aws) == b"v2"


def test_a_retry_after_the_copy_still_refreshes(publish: Callable[..., Any], stable: Environment) -> None:
    publish("v1", stable)
    publish("v2", stable)
    assert publish("v2", stable)["refresh"] is True


def test_a_refresh_can_be_switched_off(aws: Account, publish: Callable[..., Any]) -> None:
    quiet = Environment(aws.artifacts, "kennel", stable_key=True, refresh_stable_key=False)
    publish("v1", quiet)
    assert publish("v2", quiet)["refresh"] is False


def test_without_a_stable_key_there_is_none(aws: Account, publish: Callable[..., Any]) -> None:
    publish("v1")
    assert aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix="models/m/model.tar.gz")["KeyCount"] == 0


def test_an_unknown_action_is_refused(environment: Environment, function: Call) -> None:
    with pytest.raises(Refused, match="choose from champion, stage, publish, rollback, refresh"):
        function(handler, environment, {"action": "delete", **WHO})
