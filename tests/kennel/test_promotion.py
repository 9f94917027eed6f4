"""`kennel models take` and `promote`: what leaves an environment, and what another one refuses before an upload."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

import config
from imgcls.artifacts import archives
from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.artifact import ModelCard, Preprocessing, sha256
from imgcls.contract.evaluation import ClassScore, Evaluation, Golden
from kennel.cli import model_promotion
from kennel.cli.app import app
from kennel.errors import KennelError
from kennel.models import promoted, taken
from kennel.models.taken import digest_of
from kennel.runs.executions import Run

MODEL = "cat-dog-classifier"
DEV, PROD = config.load("dev"), config.load("prod")
SPEC = next(model for model in PROD.models if model.name == MODEL)
PREFIX = "arn:aws:sagemaker:us-east-1:111122223333:model-package/kennel-dev-cat-dog-classifier/"


class Registry:
    """The model packages of one group, oldest first."""

    def __init__(self):
        self.packages = []

    def get_paginator(self, operation):
        assert operation == "list_model_packages"
        return self

    def paginate(self, ModelPackageGroupName, SortBy, SortOrder):
        assert (SortBy, SortOrder) == ("CreationTime", "Descending")
        if not self.packages:
            error = {"Code": "ValidationException", "Message": f"{ModelPackageGroupName} does not exist."}
            raise ClientError({"Error": error}, "ListModelPackages")
        return [{"ModelPackageSummaryList": self.packages[::-1]}]

    def describe_model_package(self, ModelPackageName):
        return next(item for item in self.packages if item["ModelPackageArn"] == ModelPackageName)


class Machine:
    def __init__(self):
        self.started = []

    def start_execution(self, **request):
        self.started.append(request)


@pytest.fixture
def session(s3):
    """Of one account with one bucket: where a version is taken from is `dev`, where it goes to is `prod`."""
    clients = {"s3": s3, "sagemaker": Registry(), "stepfunctions": Machine()}
    outputs = {"ArtifactsBucket": "artifacts", "DataBucket": "data", "StateMachineArn": "arn:machine"}

    def of(environment):
        return SimpleNamespace(client=clients.__getitem__, output=outputs.__getitem__, config=environment)

    return of


def put(session, key, value, bucket="artifacts"):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    session(DEV).client("s3").put_object(Bucket=bucket, Key=key, Body=body)


@pytest.fixture
def version(session, tmp_path):
    """A version that dev has published."""

    def make(status="Approved"):
        folder, archive = tmp_path / "artifact", tmp_path / "packed.tar.gz"
        folder.mkdir()
        (folder / "model.onnx").write_bytes(b"graph")
        preprocessing = Preprocessing.from_dict(SPEC.preprocessing.model_dump())
        card = ModelCard(MODEL, "simple_cnn", ("cat", "dog"), preprocessing, response_format="named")
        card = archives.write_artifact(folder, card)
        archives.pack(folder, archive)
        target = keys.target_model(MODEL, card.version)
        scored = Evaluation(
            num_images=2, accuracy=0.9, loss=0.1, ece=0.0, confusion_matrix=((1, 0), (0, 1)), latency_ms=1.0,
            artifact_bytes=7, per_class={"cat": ClassScore(1, 1.0, 1.0), "dog": ClassScore(1, 1.0, 1.0)},
            precision="fp32", agreement_with_fp32=1.0, version=card.version, manifest_id="0123",
        )  # fmt: skip
        put(session, keys.MODELS + target, archive.read_bytes())
        put(session, keys.evaluation_of(target), scored.to_dict())
        put(session, keys.golden_of(target) + "expected.json", [asdict(Golden("0.jpg", "cat", "cat", (0.9, 0.1)))])
        put(session, keys.golden_of(target) + "0.jpg", b"jpeg")
        put(session, keys.reports("run-3", MODEL) + "index.html", b"<html>")
        put(session, keys.alias(MODEL), Alias(MODEL, target, (), "run", "then", "good").to_dict())
        registry = session(DEV).client("sagemaker")
        registry.packages.append(
            {
                "ModelPackageArn": f"{PREFIX}{len(registry.packages) + 1}",
                "ModelApprovalStatus": status,
                "ModelMetrics": {
                    "ModelQuality": {"Statistics": {"S3Uri": keys.uri("artifacts", keys.evaluation_of(target))}}
                },
                "CustomerMetadataProperties": {
                    "version": card.version,
                    "execution": "run-3",
                    "training_job": "job-3",
                    "dataset": "cats-dogs",
                    "sha256": sha256(archive),
                },
            }
        )
        return card.version, sha256(archive)

    return make


def forget(session):
    """prod is another bucket in truth: here nothing of dev's is left in the one of both."""
    s3 = session(DEV).client("s3")
    for item in s3.list_objects_v2(Bucket="artifacts").get("Contents", ()):
        s3.delete_object(Bucket="artifacts", Key=item["Key"])


def uploaded(session):
    found = session(DEV).client("s3").list_objects_v2(Bucket="artifacts").get("Contents", ())
    return sorted(item["Key"] for item in found)


@pytest.fixture
def folder(session, version, tmp_path):
    version()
    taken.take(session(DEV), MODEL, tmp_path / "taken")
    forget(session)
    return tmp_path / "taken"


def refusal(session, folder, digest=None, environment=PROD):
    with pytest.raises(KennelError) as refused:
        promoted.start(session(environment), folder, digest or digest_of(folder))
    assert uploaded(session) == [] and session(PROD).client("stepfunctions").started == []
    return str(refused.value)


def test_a_version_is_taken_with_everything_that_judges_it(session, version, tmp_path):
    number, digest = version()
    found = taken.take(session(DEV), MODEL, tmp_path / "taken")
    names = {path.relative_to(tmp_path / "taken").as_posix() for path in (tmp_path / "taken").rglob("*.*")}
    others = {"evaluation.json", "golden/0.jpg", "golden/expected.json", "reports/index.html"}
    assert names == {"model.tar.gz", "promotion.json", *others} and set(found.files) == others
    assert (found.version, found.sha256, found.labels, found.accuracy) == (number, digest, ("cat", "dog"), 0.9)
    assert found.source_package == "arn:aws:sagemaker:us-east-1::model-package/kennel-dev-cat-dog-classifier/1"
    assert "111122223333" not in (tmp_path / "taken" / "promotion.json").read_text()
    with pytest.raises(KennelError, match="is not empty: give a new folder"):
        taken.take(session(DEV), MODEL, tmp_path / "taken")


def test_only_what_passed_its_gate_and_is_unchanged_is_taken(session, version, tmp_path):
    number, _ = version(status="Rejected")
    with pytest.raises(KennelError, match=f"version {number} of {MODEL} was rejected: choose"):
        taken.take(session(DEV), MODEL, tmp_path / "taken")
    with pytest.raises(KennelError, match=f"kennel-dev-{MODEL} does not have version v0 of {MODEL}"):
        taken.take(session(DEV), MODEL, tmp_path / "taken", version="v0")
    session(DEV).client("sagemaker").packages[0]["ModelApprovalStatus"] = "PendingManualApproval"
    session(DEV).client("sagemaker").packages[0]["CustomerMetadataProperties"]["sha256"] = "0" * 64
    with pytest.raises(KennelError, match="was changed after it was registered, so do not promote it"):
        taken.take(session(DEV), MODEL, tmp_path / "taken")


def test_a_model_that_is_unknown_or_not_published_is_not_taken(session, tmp_path):
    with pytest.raises(KennelError, match="unknown"):
        taken.take(session(DEV), "unknown", tmp_path / "taken")


def test_it_is_uploaded_as_a_run_would_have_left_it_and_started_by_its_digest(session, folder):
    digest = digest_of(folder)
    started = promoted.start(session(PROD), folder, digest.upper(), unmeasured=True)
    prefix = keys.run(started.execution, MODEL)
    assert uploaded(session) == [
        prefix + name
        for name in (
            "golden/0.jpg", "golden/expected.json", "model.tar.gz", "promotion.json", "reports/index.html",
            "taken-evaluation.json",
        )
    ]  # fmt: skip
    (request,) = session(PROD).client("stepfunctions").started
    assert request["name"] == started.execution
    asked = {"model": MODEL, "digest": digest, "sha256": sha256(folder / "model.tar.gz"), "unmeasured": True}
    assert json.loads(request["input"]) == {"promote": asked}


def test_another_digest_is_refused(session, folder):
    assert f"has the SHA-256 {digest_of(folder)}, not {'0' * 64}" in refusal(session, folder, "0" * 64)
    assert "must be the 64 hex digits" in refusal(session, folder, "abc")


def test_the_archives_own_digest_is_refused_since_it_covers_nothing_else(session, folder):
    said = refusal(session, folder, sha256(folder / "model.tar.gz"))
    assert "hand over the digest that `kennel models take` printed, it covers the evaluation" in said


def test_a_forged_evaluation_is_refused_whoever_changed_the_document_with_it(session, folder):
    digest = digest_of(folder)
    scored = json.loads((folder / "evaluation.json").read_text())
    (folder / "evaluation.json").write_text(json.dumps({**scored, "accuracy": 0.999}))
    document = json.loads((folder / "promotion.json").read_text())
    document["files"]["evaluation.json"] = sha256(folder / "evaluation.json")
    (folder / "promotion.json").write_text(json.dumps({**document, "accuracy": 0.999}))
    for handed_over in (digest, sha256(folder / "model.tar.gz")):
        assert "hand over the digest" in refusal(session, folder, handed_over)


@pytest.mark.parametrize("change", [{"accuracy": 0.999}, {"who": "somebody else"}, {}])
def test_a_changed_document_is_refused(session, folder, change):
    digest = digest_of(folder)
    document = json.loads((folder / "promotion.json").read_text())
    (folder / "promotion.json").write_text(json.dumps({**document, **change}))
    assert f"promotion.json has the SHA-256 {digest_of(folder)}, not {digest}" in refusal(session, folder, digest)


@pytest.mark.parametrize("name", ["evaluation.json", "golden/0.jpg", "golden/expected.json", "reports/index.html"])
def test_a_changed_byte_is_refused(session, folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert f"{name} is not what promotion.json lists" in refusal(session, folder)


def test_a_changed_archive_is_refused_whoever_changed_the_document_with_it(session, folder):
    digest = digest_of(folder)
    with (folder / "model.tar.gz").open("ab") as file:
        file.write(b"x")
    assert "model.tar.gz is not what promotion.json lists" in refusal(session, folder, digest)
    document = json.loads((folder / "promotion.json").read_text())
    (folder / "promotion.json").write_text(json.dumps({**document, "sha256": sha256(folder / "model.tar.gz")}))
    assert "not " + digest in refusal(session, folder, digest)


@pytest.mark.parametrize("name", ["golden/1.jpg", "golden/0.jpg"])
def test_a_file_more_or_less_is_refused(session, folder, name):
    path = folder / name
    path.unlink() if path.exists() else path.write_bytes(b"new")
    assert f"{name} is not what promotion.json lists" in refusal(session, folder)


def test_a_document_about_another_model_is_refused(session, folder):
    document = json.loads((folder / "promotion.json").read_text())
    for change in ({"model": "dog-breed-classifier"}, {"labels": ["dog", "cat"]}, {"preprocessing": {}}):
        (folder / "promotion.json").write_text(json.dumps({**document, **change}))
        assert "is not about model.tar.gz beside it" in refusal(session, folder)
    (folder / "promotion.json").write_text(json.dumps({"format": 2}))
    assert "has format 2; this version reads format 1" in refusal(session, folder)


def test_an_environment_that_configures_it_otherwise_refuses_it(session, folder):
    image = SPEC.preprocessing.model_copy(update={"crop": 64})
    models = [item.model_copy(update={"preprocessing": image}) if item.name == MODEL else item for item in PROD.models]
    other = PROD.model_copy(update={"models": tuple(models)})
    assert "and prod configures 64: make them equal in kennel.yaml" in refusal(session, folder, environment=other)
    without = PROD.model_copy(update={"models": tuple(item for item in PROD.models if item.name != MODEL)})
    assert f"{MODEL} is not a model of prod" in refusal(session, folder, environment=without)


def test_an_environment_whose_data_set_has_other_labels_refuses_it(session, folder):
    for label in ("cats", "horses"):
        put(session, f"{keys.dataset('cats-dogs')}{label}/1.jpg", b"jpeg", bucket="data")
    said = refusal(session, folder)
    assert (
        f"the data set cats-dogs of prod has horses, which {MODEL} was not trained with, and lacks dog, which" in said
    )
    assert "(--replace-labels is about what is published and does not help)" in said


def test_what_is_published_already_starts_nothing(session, folder):
    found = promoted.read(folder, digest_of(folder))
    target = keys.target_model(MODEL, found.version)
    put(session, keys.alias(MODEL), Alias(MODEL, target, (), "run", "then", "good").to_dict())
    started = promoted.start(session(PROD), folder, digest_of(folder))
    assert (started.state, started.execution) == ("published", "")
    assert uploaded(session) == [keys.alias(MODEL)] and session(PROD).client("stepfunctions").started == []


@pytest.mark.parametrize(("outcome", "code"), [("published", 0), ("staged", 0), ("rejected", 1)])
def test_the_exit_code_says_what_became_of_it(session, folder, monkeypatch, outcome, code):
    ended = Run("n", "arn", "SUCCEEDED", "", 1.0, {}, {"outcomes": [{"outcome": outcome, "reason": "because"}]})
    done = wait_for(ended, session, folder, monkeypatch, "--json")
    assert isinstance(done.exception, KennelError) == bool(code)
    assert json.loads(done.stdout)["state"] == outcome


def test_a_failed_run_is_explained_in_a_sentence(session, folder, monkeypatch):
    failure = {
        "model": "",
        "outcome": "failed",
        "state": "PlanRun",
        "reason": "it was not scored",
        "remedy": "score it",
    }
    ended = Run("n", "arn", "FAILED", "", 1.0, {}, None, "PipelineFailed", json.dumps([failure]))
    done = wait_for(ended, session, folder, monkeypatch)
    assert str(done.exception).endswith("is not published in prod: it was not scored (score it)")
    assert "PlanRun" not in done.stdout + done.stderr


def wait_for(ended, session, folder, monkeypatch, *options):
    """`kennel models promote --wait` of a run that ends so."""
    monkeypatch.setattr(model_promotion, "Session", lambda env: session(PROD))
    monkeypatch.setattr(model_promotion.executions, "follow", lambda *_: iter([ended]))
    arguments = ["models", "promote", str(folder), "--sha256", digest_of(folder), "--env", "prod", "--wait"]
    return CliRunner().invoke(app, [*arguments, *options])


def test_take_prints_the_digest_of_the_document_and_the_archives_own(session, version, tmp_path, monkeypatch):
    monkeypatch.setattr(model_promotion, "Session", lambda env: session(DEV))
    _, archive = version()
    arguments = ["models", "take", MODEL, "--env", "dev", "--output"]
    printed = json.loads(CliRunner().invoke(app, [*arguments, str(tmp_path / "one"), "--json"]).stdout)
    assert (printed["sha256"], printed["digest"]) == (archive, sha256(tmp_path / "one" / "promotion.json"))
    said = CliRunner().invoke(app, [*arguments, str(tmp_path / "two")]).stdout
    assert f"--sha256 {sha256(tmp_path / 'two' / 'promotion.json')}" in said and archive not in said
