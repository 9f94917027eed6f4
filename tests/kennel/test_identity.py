"""Every verb that talks to an account checks whose credentials it has, before anything happens."""

from __future__ import annotations

import ast
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID

from kennel.cloud import identity
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.workspace import clone, project

PROJECT = """\
project: pets
environments:
  dev: {{preset: small{said}}}
datasets: {{pets: {{layout: classes, split: {{train: 0.8, validation: 0.1, test: 0.1}}}}}}
models: {{pets: {{network: simple_cnn, dataset: pets}}}}
"""


@pytest.fixture
def session(tmp_path, monkeypatch):
    """Makes the session of an environment that says this, with credentials of moto's account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv(project.VARIABLE, str(tmp_path / "kennel.yaml"))

    def make(said: str) -> Session:
        (tmp_path / "kennel.yaml").write_text(PROJECT.format(said=said))
        return Session("dev")

    with mock_aws():
        yield make


def test_the_account_that_is_said_passes(session) -> None:
    assert session(f', account: "{DEFAULT_ACCOUNT_ID}", region: eu-central-1').config.region == "eu-central-1"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", f'account and region: add `account: "{DEFAULT_ACCOUNT_ID}", region: eu-west-1`'),
        (f', account: "{DEFAULT_ACCOUNT_ID}"', "region: add `region: eu-west-1`"),
        (', account: "111122223333", region: eu-west-1', "environments.dev.account is 111122223333: log in"),
    ],
)
def test_what_is_not_said_or_not_so_is_refused(session, said: str, message: str) -> None:
    with pytest.raises(KennelError, match=message):
        session(said)


def test_credentials_that_a_region_does_not_know_are_one_sentence(session, monkeypatch) -> None:
    config = session(f', account: "{DEFAULT_ACCOUNT_ID}", region: eu-central-1').config
    boto = boto3.Session(region_name=config.region)
    made = boto.client("sts")
    made.meta.events.register_first("before-send.sts.*", _refuse)
    monkeypatch.setattr(boto, "client", lambda service, **options: made)
    with pytest.raises(KennelError, match=r"InvalidClientTokenId\): log in again, or enable the region"):
        identity.require(config, boto)


def _refuse(request, **more):
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self, **options):
            yield (
                b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
                b"<Message>The security token included in the request is invalid</Message></Error></ErrorResponse>"
            )

    return AWSResponse(request.url, 403, {}, Raw())


def test_only_the_session_makes_clients_of_an_environment() -> None:
    """A verb that made its own client would go past the check."""
    free = {Path("kennel/client"), Path("kennel/cloud")}
    for path in (clone.ROOT / "kennel").rglob("*.py"):
        if free & set(path.relative_to(clone.ROOT).parents):
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {ast.unparse(call.func) for call in calls}
        assert not names & {"boto3.client", "boto3.Session", "boto3.resource"}, path
