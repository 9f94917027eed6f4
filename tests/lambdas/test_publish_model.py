"""The alias, concurrent writers, the stable key, and rollbacks."""

from __future__ import annotations

import json

import pytest

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from lambdas.common.errors import NotReady, Refused, StaleComparison
from lambdas.publish_model import aliases
from lambdas.publish_model.environment import Environment
from lambdas.publish_model.handler import handler

WHO = {"name": "m", "who": "arn:execution", "why": "accuracy 0.9"}


def target(version):
    return f"m/{version}/model.tar.gz"


@pytest.fixture
def environment(aws):
    for version in ("v1", "v2", "v3"):
        aws.s3.put_object(Bucket=aws.artifacts, Key=f"models/{target(version)}", Body=version.encode())
    return Environment(aws.artifacts, "kennel", stable_key=False, refresh_stable_key=True)


@pytest.fixture
def publish(environment, function):
    def call(version, settings=environment, **changes):
        event = {"action": "publish", "target_model": target(version), **WHO, **changes}
        return function(handler, settings, event)

    return call


def alias_of(aws):
    return Alias.from_dict(json.loads(aws.s3.get_object(Bucket=aws.artifacts, Key=keys.alias("m"))["Body"].read()))


def test_the_first_version_becomes_current(aws, publish):
    publish("v1")
    alias = alias_of(aws)
    assert (alias.current, alias.previous) == (target("v1"), ())
    assert (alias.who, alias.why) == ("arn:execution", "accuracy 0.9")


def test_later_versions_keep_the_earlier_ones(aws, publish):
    for version in ("v1", "v2", "v3"):
        publish(version)
    assert alias_of(aws).previous == (target("v2"), target("v1"))


def test_a_retry_changes_nothing(aws, publish):
    publish("v1")
    publish("v2")
    before = alias_of(aws)
    publish("v2", who="a retry")
    assert alias_of(aws) == before


def test_the_champion_is_what_is_published_now(aws, environment, publish, function):
    def champion():
        return function(handler, environment, {"action": "champion", "name": "m"})

    assert champion() == {"target_model": "", "uri": f"s3://{aws.artifacts}/{keys.NO_CHAMPION}"}
    publish("v1")
    publish("v2")
    assert champion() == {"target_model": target("v2"), "uri": f"s3://{aws.artifacts}/models/m/v2/"}


@pytest.mark.parametrize("compared_with", ["", target("v1")])
def test_a_candidate_that_was_compared_with_another_version_is_not_published(aws, publish, compared_with):
    publish("v1")
    publish("v2")
    with pytest.raises(StaleComparison, match=r"m is at v2 now, and this version was compared with (nothing|v1): "):
        publish("v3", compared_with=compared_with)
    assert alias_of(aws).current == target("v2")


def test_the_candidate_of_the_current_comparison_is_published_once(aws, publish):
    publish("v1", compared_with="")
    publish("v2", compared_with=target("v1"))
    publish("v2", compared_with=target("v1"))  # a retry
    assert (alias_of(aws).current, alias_of(aws).previous) == (target("v2"), (target("v1"),))


def test_of_two_candidates_at_the_same_time_one_is_published(aws, publish, monkeypatch):
    publish("v1")
    original = aliases._write

    def conflicting(bucket, alias, etag):
        monkeypatch.setattr(aliases, "_write", original)
        publish("v3", compared_with=target("v1"))
        return original(bucket, alias, etag)

    monkeypatch.setattr(aliases, "_write", conflicting)
    with pytest.raises(StaleComparison):
        publish("v2", compared_with=target("v1"))
    assert (alias_of(aws).current, alias_of(aws).previous) == (target("v3"), (target("v1"),))


def test_a_version_that_is_not_staged_is_never_named(aws, publish):
    publish("v1")
    with pytest.raises(Refused, match="does not exist"):
        publish("v9")
    assert alias_of(aws).current == target("v1")


def test_a_conflicting_writer_keeps_the_others_version(aws, publish, monkeypatch):
    publish("v1")
    original = aliases._write

    def conflicting(bucket, alias, etag):
        monkeypatch.setattr(aliases, "_write", original)
        publish("v3")  # another writer, between our read and our write
        return original(bucket, alias, etag)

    monkeypatch.setattr(aliases, "_write", conflicting)
    publish("v2")
    assert alias_of(aws).current == target("v2")
    assert alias_of(aws).previous == (target("v3"), target("v1"))


def test_two_first_writers_do_not_lose_each_other(aws, environment, publish, monkeypatch):
    original = aliases._write

    def conflicting(bucket, alias, etag):
        monkeypatch.setattr(aliases, "_write", original)
        publish("v3")
        return original(bucket, alias, etag)

    monkeypatch.setattr(aliases, "_write", conflicting)
    publish("v1")
    assert alias_of(aws).previous == (target("v3"),)


def test_conflicts_without_end_are_given_up(publish, monkeypatch):
    monkeypatch.setattr(aliases, "_write", lambda *_: False)
    with pytest.raises(NotReady, match=f"{aliases.ATTEMPTS} times meanwhile"):
        publish("v1")


@pytest.fixture
def rollback(environment, function, publish):
    def call(**event):
        return function(handler, environment, {"action": "rollback", **WHO, **event})

    return call


def test_a_rollback_goes_to_the_version_before(aws, publish, rollback):
    publish("v1")
    publish("v2")
    assert rollback(why="wrong labels")["target_model"] == target("v1")
    alias = alias_of(aws)
    assert (alias.current, alias.previous, alias.why) == (target("v1"), (target("v2"),), "wrong labels")


@pytest.mark.parametrize("to", ["v1", target("v1")])
def test_a_rollback_goes_to_a_version_that_is_named(aws, publish, rollback, to):
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
        (["v1", "v2"], "v9", "does not exist"),
        (["v1", "v2"], "other/v1/model.tar.gz", "is not a version of m: choose from v1"),
    ],
)
def test_an_impossible_rollback_is_refused(publish, rollback, published, to, words):
    for version in published:
        publish(version)
    with pytest.raises(Refused, match=words):
        rollback(**({"target_model": to} if to else {}))


@pytest.fixture
def stable(aws):
    return Environment(aws.artifacts, "kennel", stable_key=True, refresh_stable_key=True)


def content(aws):
    return aws.s3.get_object(Bucket=aws.artifacts, Key="models/m/model.tar.gz")["Body"].read()


def test_the_stable_key_follows_and_only_an_overwrite_refreshes(aws, publish, stable):
    assert publish("v1", stable)["refresh"] is False
    assert content(aws) == b"v1"
    assert publish("v2", stable)["refresh"] is True
    assert content(aws) == b"v2"


def test_a_retry_after_the_copy_still_refreshes(publish, stable):
    publish("v1", stable)
    publish("v2", stable)
    assert publish("v2", stable)["refresh"] is True


def test_a_refresh_can_be_switched_off(aws, publish):
    quiet = Environment(aws.artifacts, "kennel", stable_key=True, refresh_stable_key=False)
    publish("v1", quiet)
    assert publish("v2", quiet)["refresh"] is False


def test_without_a_stable_key_there_is_none(aws, publish):
    publish("v1")
    assert aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix="models/m/model.tar.gz")["KeyCount"] == 0


def test_an_unknown_action_is_refused(environment, function):
    with pytest.raises(Refused, match="choose from champion, publish, rollback, refresh"):
        function(handler, environment, {"action": "delete", **WHO})
