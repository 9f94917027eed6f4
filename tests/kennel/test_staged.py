"""Versions that wait for the endpoint, as the commands tell of them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.staged import Staged
from kennel.cli import endpoint as endpoint_command
from kennel.cli import models as models_command
from kennel.cli import predict as predict_command
from kennel.cli.app import app
from kennel.client.classifier import NotPublished
from kennel.errors import KennelError
from kennel.models import published, staged
from kennel.runs.executions import Run
from kennel.runs.history import Visit

V1, V2, V3 = (f"pets/v{number}/model.tar.gz" for number in (1, 2, 3))
PETS = Staged(
    "pets", V3, V2, "arn:pets/3", "run-3", "s3://artifacts/runs/run-3/pets/", "better", 0.9, "2026-11-20T10:00"
)
ALIAS = Alias("pets", V2, (V1,), "arn:execution", "2026-11-19T10:00", "good")
MISSING = {"Error": {"Code": "ValidationException", "Message": 'Could not find endpoint "pets-dev".'}}


class SageMaker:
    """Statuses of the endpoint (None: off) and of model packages."""

    def __init__(self):
        self.endpoint, self.packages = None, {"arn:pets/3": "PendingManualApproval"}

    def describe_endpoint(self, EndpointName):
        if self.endpoint is None:
            raise ClientError(MISSING, "DescribeEndpoint")
        return {"EndpointStatus": self.endpoint}

    def describe_model_package(self, ModelPackageName):
        if ModelPackageName not in self.packages:
            error = {"Code": "ValidationException", "Message": f"ModelPackage {ModelPackageName} does not exist."}
            raise ClientError({"Error": error}, "DescribeModelPackage")
        return {"ModelApprovalStatus": self.packages[ModelPackageName]}


class Runtime:
    def invoke_endpoint(self, **request):
        raise ClientError({"Error": {"Code": "ValidationError", "Message": "Endpoint pets-dev not found."}}, "Invoke")


@pytest.fixture
def session(s3, monkeypatch):
    clients = {"s3": s3, "sagemaker": SageMaker(), "sagemaker-runtime": Runtime()}
    outputs = {"ArtifactsBucket": "artifacts", "EndpointName": "pets-dev"}
    config = SimpleNamespace(environment="dev", cloud="aws", default_models=("pets",))
    found = SimpleNamespace(client=clients.__getitem__, output=outputs.__getitem__, config=config)
    for command in (endpoint_command, models_command, predict_command):
        monkeypatch.setattr(command, "Session", lambda env: found)
    return found


def put(session, key, value):
    session.client("s3").put_object(Bucket="artifacts", Key=key, Body=json.dumps(value))


@pytest.fixture
def waiting(session):
    """v3 waits; nothing is published."""
    put(session, keys.staged("pets"), PETS.to_dict())
    for target in (V1, V2, V3):
        put(session, keys.MODELS + target, target)
    return session


@pytest.fixture
def overtaking(waiting):
    """v3 waits; v2 is published, and v1 was."""
    put(waiting, keys.alias("pets"), ALIAS.to_dict())
    return waiting


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_what_waits_is_listed_with_the_command_that_publishes_it(waiting):
    text = run("models", "list", "--env", "dev").output
    assert V3 in text and "run-3" in text
    assert "To test and publish what is staged: kennel endpoint on --env dev" in text
    (item,) = json.loads(run("models", "list", "--env", "dev", "--json").output)
    assert (item["name"], item["current"], item["staged"]) == ("pets", "", PETS.to_dict())


def test_the_versions_of_a_model_have_a_state(overtaking):
    put(overtaking, keys.model("pets", "v0"), "")
    shown = json.loads(run("models", "show", "pets", "--env", "dev", "--json").output)
    assert (shown["current"], shown["staged"]["target_model"]) == (V2, V3)
    states = {item["target_model"]: item["state"] for item in shown["versions"]}
    assert states == {V3: "staged", V2: "current", V1: "earlier", keys.target_model("pets", "v0"): "unpublished"}
    assert "staged" in run("models", "show", "pets", "--env", "dev").output


@pytest.mark.parametrize("status", [None, "Rejected"])
def test_what_was_rejected_or_deleted_in_the_registry_does_not_wait(overtaking, status):
    overtaking.client("sagemaker").packages = {"arn:pets/3": status} if status else {}
    assert staged.waiting(overtaking, {}) == {}
    assert [model.waiting for model in published.models(overtaking)] == [None]


def test_what_was_published_since_does_not_wait(waiting):
    assert staged.waiting(waiting, {"pets": ALIAS.moved_to(V3, who="", when="", why="")}) == {}


def test_a_model_that_is_neither_is_said_as_before(session):
    with pytest.raises(NotPublished, match="nothing is published as cats: see `kennel models list`"):
        published.model(session, "cats")
    with pytest.raises(NotPublished, match="nothing is published as cats: see `kennel models list`"):
        published.alias(session, "cats")


def test_who_asks_for_a_model_that_only_waits_is_told_how_to_publish_it(waiting, tmp_path):
    how = "`kennel endpoint on --env dev` tests and publishes it"
    sentence = f"nothing is published as pets: version v3 is staged; {how}"
    with pytest.raises(NotPublished) as told:
        published.alias(waiting, "pets")
    assert str(told.value) == sentence
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    asked = run("predict", str(tmp_path / "a.jpg"), "--env", "dev")
    assert str(asked.exception) == sentence


@pytest.mark.parametrize("status", [None, "Deleting"])
@pytest.mark.parametrize("which", [[], ["--model", "pets"], ["--target-model", V2]])
def test_a_prediction_with_the_endpoint_off_is_one_sentence_with_the_fix(overtaking, tmp_path, status, which):
    overtaking.client("sagemaker").endpoint = status
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    asked = run("predict", str(tmp_path / "a.jpg"), "--env", "dev", *which)
    assert isinstance(asked.exception, KennelError)
    assert str(asked.exception) == (
        "the endpoint pets-dev is off: turn it on with `kennel endpoint on --env dev`, or ask a model on disk with "
        "--artifact FOLDER_OR_ARCHIVE"
    )


def test_another_fault_of_a_prediction_is_told_as_it_is(overtaking, tmp_path):
    overtaking.client("sagemaker").endpoint = "InService"
    (tmp_path / "a.jpg").write_bytes(b"jpeg")
    asked = run("predict", str(tmp_path / "a.jpg"), "--env", "dev")
    assert "Endpoint pets-dev not found." in str(asked.exception)


def test_a_rollback_goes_only_to_what_was_current(overtaking):
    with pytest.raises(KennelError, match=r"pets/v3/model.tar.gz was never published: choose from v1"):
        published.rollback(overtaking, "pets", version="v3", who="me")


@pytest.fixture
def switched(waiting, monkeypatch):
    """`endpoint on` finds it on already; the execution that it starts ends as the test says. Its inputs."""
    started = []
    monkeypatch.setattr(endpoint_command.endpoint, "switch", lambda session, on: iter(()))
    monkeypatch.setattr(endpoint_command.executions, "start", lambda session, **what: started.append(what) or "r1")

    def ends(status, outcomes):
        summary = {"outcomes": outcomes}
        last = Visit("PipelineFailed", "Fail", None, None, input=summary)
        output = summary if status == "SUCCEEDED" else None
        ended = Run("r1", "arn", status, "", 1.0, {}, output=output, visits=(last,) if output is None else ())
        monkeypatch.setattr(endpoint_command, "follow_lines", lambda session, name: ended)
        return started

    return ends


PUBLISHED = {"model": "pets", "outcome": "published", "reason": "better"}


def test_turning_on_publishes_what_waits(switched):
    started = switched("SUCCEEDED", [PUBLISHED])
    done = run("endpoint", "on", "--env", "dev")
    assert done.exit_code == 0, done.output
    assert started == [{"models": [], "publish_staged": True}]
    assert "r1 tests and publishes pets" in done.output and "pets published: better" in done.output


def test_turning_on_says_what_became_of_each_model_when_one_of_them_failed(switched):
    failed = {"model": "dogs", "outcome": "failed", "reason": "PublishModel: dogs is at v9 now"}
    switched("FAILED", [failed, PUBLISHED])
    done = run("endpoint", "on", "--env", "dev")
    assert done.exit_code == 1
    assert "dogs failed: PublishModel: dogs is at v9 now" in done.output and "pets published: better" in done.output


def test_an_endpoint_that_went_off_again_leaves_it_staged(switched):
    switched("SUCCEEDED", [{**PUBLISHED, "outcome": "staged"}])
    assert "To test and publish pets: kennel endpoint on --env dev" in run("endpoint", "on", "--env", "dev").output


def test_turning_on_can_leave_it_at_that(switched):
    started = switched("SUCCEEDED", [])
    assert run("endpoint", "on", "--no-publish", "--env", "dev").exit_code == 0
    assert started == []


def test_turning_on_with_nothing_staged_starts_nothing(switched, session):
    started = switched("SUCCEEDED", [])
    session.client("sagemaker").packages = {}
    assert "No version is staged" in run("endpoint", "on", "--env", "dev").output
    assert started == []
