"""The plan of a run that publishes a version of another environment, and what it may be compared with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

import config
from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.evaluation import ClassScore, Evaluation, Golden
from imgcls.contract.promotion import Promotion
from lambdas.common.errors import Refused
from lambdas.plan_run import promoted
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.handler import handler
from pipeline.specs import run_specs
from tests.lambdas.conftest import Account, Call

MODEL, DIGEST = "cat-dog-classifier", "ab" * 32
DIGESTS = {"digest": "ef" * 32, "sha256": DIGEST}
SPECS = run_specs(config.load("prod"))
SPEC = SPECS["models"][MODEL]
PROMOTION = Promotion(
    model=MODEL, version="v3", sha256=DIGEST, architecture="simple_cnn", labels=("cat", "dog"),
    preprocessing=SPEC["preprocessing"], response_format="named", precision="fp32", dataset="cats-dogs",
    manifest_id="0123", training_job="job-3", accuracy=0.9, num_images=2, source_project="kennel",
    source_environment="dev", source_package="arn:aws:sagemaker:us-east-1::model-package/kennel-dev-m/3", who="ann",
    when="2026-11-20T10:00:00+00:00", files={},
)  # fmt: skip
CLASSES = {"cat": ClassScore(1, 1.0, 1.0), "dog": ClassScore(1, 1.0, 1.0)}
EVALUATION = Evaluation(
    num_images=2, accuracy=0.9, loss=0.1, ece=0.0, confusion_matrix=((1, 0), (0, 1)), latency_ms=1.0, artifact_bytes=7,
    per_class=CLASSES, precision="fp32", agreement_with_fp32=1.0, version="v3", manifest_id="0123",
)  # fmt: skip
V1 = f"{MODEL}/v1/model.tar.gz"


def digest_of(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@pytest.fixture
def put(aws: Account) -> Callable[[str, Any], None]:
    return lambda key, value: aws.s3.put_object(Bucket=aws.artifacts, Key=key, Body=json.dumps(value)) and None


@pytest.fixture
def run(aws: Account, put: Callable[..., None], tmp_path: Path, function: Call) -> Callable[..., Any]:
    """Promote: `evaluation` and `promotion` are what was uploaded, and `changed` is what somebody wrote over it."""
    file = tmp_path / "specs.json"
    file.write_text(json.dumps(SPECS))
    environment = Environment(aws.data, aws.artifacts, "us-east-1", "abc.gz", check_quotas=True, specs_file=str(file))

    def call(
        evaluation: Evaluation = EVALUATION,
        promotion: Promotion | None = PROMOTION,
        changed: dict[str, Any] | None = None,
        **value: Any,
    ) -> tuple[dict[str, Any], Evaluation, dict[str, Any]]:
        prefix = keys.run("run-9", MODEL)
        files = {
            "evaluation.json": evaluation.to_dict(),
            "golden/expected.json": [asdict(Golden("0.jpg", "cat", "cat", (0.9, 0.1)))],
            "golden/0.jpg": "jpeg",
        }
        for name, content in files.items():
            put(prefix + name.replace("evaluation", "taken-evaluation"), content)
        digest = DIGEST
        if promotion:
            taken = replace(promotion, files={name: digest_of(content) for name, content in files.items()}).to_dict()
            put(prefix + "promotion.json", taken)
            digest = digest_of(taken)
        for name, content in (changed or {}).items():
            put(prefix + name, content)
        wanted = {"model": MODEL, "digest": digest, "sha256": DIGEST, **value}
        answer = function(handler, environment, {"input": {"promote": wanted}, "execution": "run-9"})

        def read(key: str) -> Any:
            return json.loads(aws.s3.get_object(Bucket=aws.artifacts, Key=key)["Body"].read())

        [reference] = answer["models"]
        return answer, Evaluation.from_dict(read(prefix + "evaluation.json")), read(reference["plan_key"])["promoted"]

    return call


@pytest.fixture
def publish(put: Callable[..., None]) -> Callable[..., None]:
    """v1 is published, scored `evaluation`."""

    def point(evaluation: Evaluation | None, labels: tuple[str, ...] | None = ("cat", "dog")) -> None:
        put(keys.alias(MODEL), Alias(MODEL, V1, (), "somebody", "then", "good").to_dict())
        if labels is not None:
            put(keys.labels(V1), labels)
        if evaluation is not None:
            put(keys.evaluation_of(V1), evaluation.to_dict())

    return point


CHAMPION = replace(EVALUATION, version="v1", accuracy=0.95)


def test_a_first_version_has_nothing_to_be_compared_with(run: Callable[..., Any]) -> None:
    elsewhere = replace(EVALUATION, champion=replace(CHAMPION, version="v2"), published_labels="same")
    answer, evaluation, plan = run(elsewhere)
    assert answer["promote"] is True and answer["publish_staged"] is False and answer["worst_case_usd"] == 0.0
    assert evaluation == EVALUATION, "the champion of the other environment is not this one's"
    assert plan == {
        "name": MODEL, "version": "v3", "run_uri": f"s3://artifacts-bucket/runs/run-9/{MODEL}/",
        "package_group": f"kennel-prod-{MODEL}", "dataset": "cats-dogs", "manifest_id": "0123",
        "training_job": "job-3", "compared_with": "", "source": PROMOTION.lineage(),
    }  # fmt: skip


def test_the_published_version_is_compared_where_it_was_scored_on_the_same_images(
    run: Callable[..., Any], publish: Callable[..., None]
) -> None:
    publish(CHAMPION)
    _, evaluation, plan = run()
    assert evaluation.champion is not None and evaluation.champion.accuracy == 0.95
    assert (evaluation.published_labels, plan["compared_with"]) == ("same", V1)


def test_a_comparison_with_this_very_version_in_the_other_environment_counts(
    run: Callable[..., Any], publish: Callable[..., None]
) -> None:
    publish(replace(CHAMPION, manifest_id="older"))
    _, evaluation, _ = run(replace(EVALUATION, champion=replace(CHAMPION, accuracy=0.7)))
    assert evaluation.champion is not None and evaluation.champion.accuracy == 0.7


def test_a_comparison_with_another_version_in_the_other_environment_does_not_count(
    run: Callable[..., Any], publish: Callable[..., None]
) -> None:
    elsewhere = replace(EVALUATION, champion=replace(CHAMPION, version="v2", accuracy=0.1))
    publish(replace(CHAMPION, manifest_id="other"))
    with pytest.raises(Refused, match="--unmeasured"):
        run(elsewhere)
    publish(CHAMPION)
    _, evaluation, _ = run(elsewhere)
    assert evaluation.champion is not None and evaluation.champion.accuracy == 0.95


@pytest.mark.parametrize("scored", [replace(CHAMPION, manifest_id="other"), None])
def test_other_images_allow_no_comparison_and_are_refused(
    run: Callable[..., Any], publish: Callable[..., None], scored: Evaluation | None
) -> None:
    publish(scored)
    with pytest.raises(Refused, match=r"v1 of cat-dog-classifier was not scored on the images .* with --unmeasured"):
        run()
    _, evaluation, _ = run(unmeasured=True)
    assert evaluation.champion is None and evaluation.published_labels == "same"


def test_two_evaluations_without_a_manifest_are_not_of_the_same_images(
    run: Callable[..., Any], publish: Callable[..., None]
) -> None:
    publish(replace(CHAMPION, manifest_id=""))
    with pytest.raises(Refused, match="--unmeasured"):
        run(replace(EVALUATION, manifest_id=""), replace(PROMOTION, manifest_id=""))


def test_other_labels_are_refused_unless_asked_for(run: Callable[..., Any], publish: Callable[..., None]) -> None:
    publish(CHAMPION, ("cat", "horse"))
    with pytest.raises(
        Refused, match=r"--replace-labels .*published version has horse, which .*this version has dog, which"
    ):
        run(unmeasured=True)
    _, evaluation, _ = run(replace_labels=True)
    assert evaluation.champion is None and evaluation.published_labels == "replaced"


def test_a_retry_plans_the_same(run: Callable[..., Any], publish: Callable[..., None]) -> None:
    publish(CHAMPION)
    _, first, _ = run()
    assert first != EVALUATION
    assert run(changed={"evaluation.json": first.to_dict()})[1] == first


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "resnet18"}, "the network resnet18, and prod configures simple_cnn: make them equal"),
        ({"preprocessing": {**SPEC["preprocessing"], "crop": 64}}, "image crop 64, and prod configures"),
        ({"response_format": "full"}, "the answer full, and prod configures named"),
        ({"precision": "int8"}, "the precision int8, and prod configures"),
        ({"labels": ("cats", "dog")}, "the label cats, and prod renames it to cat"),
        ({"version": "v4"}, "evaluation.json is about another version"),
        ({"sha256": "cd" * 32}, f"not about {MODEL} with {DIGEST}"),
        ({"model": "dog-breed-classifier"}, "promotion.json is about dog-breed-classifier"),
    ],
)
def test_what_does_not_fit_is_refused(run: Callable[..., Any], change: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        run(promotion=replace(PROMOTION, **change))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("taken-evaluation.json", replace(EVALUATION, accuracy=0.999).to_dict()),
        ("golden/expected.json", []),
        ("golden/expected.json", [asdict(Golden("other.jpg", "cat", "cat", (0.9, 0.1)))]),
        ("golden/0.jpg", "another"),
    ],
)
def test_what_was_changed_in_the_bucket_is_refused(run: Callable[..., Any], name: str, content: Any) -> None:
    listed = name.removeprefix("taken-")
    with pytest.raises(
        Refused, match=f"{MODEL}/{name} is not the {listed} that promotion.json lists: promote it again"
    ):
        run(changed={name: content})


def test_a_document_that_was_written_with_the_changes_is_refused(run: Callable[..., Any]) -> None:
    forged = replace(PROMOTION, accuracy=0.999).to_dict()
    with pytest.raises(Refused, match=f"promotion.json has the SHA-256 {digest_of(forged)}, not .*, which was to be"):
        run(changed={"promotion.json": forged})


def test_images_that_the_document_does_not_list_are_not_sent(run: Callable[..., Any]) -> None:
    unlisted = replace(PROMOTION, files={"evaluation.json": digest_of(EVALUATION.to_dict())}).to_dict()
    with pytest.raises(Refused, match=r"expected.json is not the golden/expected.json that promotion.json lists"):
        run(changed={"promotion.json": unlisted}, digest=digest_of(unlisted))


def test_a_reduced_precision_that_was_not_kept_fits() -> None:
    int8 = {**SPECS, "models": {MODEL: {**SPEC, "serving": {**SPEC["serving"], "precision": "int8"}}}}
    promoted.require_fitting(PROMOTION, int8)
    promoted.require_fitting(replace(PROMOTION, precision="int8"), int8)
    with pytest.raises(Refused, match="the precision bf16, and prod configures int8"):
        promoted.require_fitting(replace(PROMOTION, precision="bf16"), int8)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(Refused, match=r"other is not a model of prod, which has .*: add it to kennel.yaml and deploy"):
        promoted.require_fitting(replace(PROMOTION, model="other"), SPECS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"promote": {"model": MODEL, **DIGESTS}, "tune": True}, "tune has no effect"),
        ({"promote": True}, "promote is True; it must be an object"),
        ({"promote": {"model": MODEL, **DIGESTS, "force": True}}, "it must be an object of model, digest, sha256"),
        (
            {"promote": {"model": MODEL, "sha256": DIGEST}},
            "promote.digest is None; .* of the SHA-256 of promotion.json",
        ),
        ({"promote": {**DIGESTS}}, "promote.model is None"),
        ({"promote": {"model": "../x", **DIGESTS}}, "promote.model is '../x'"),
        ({"promote": {"model": MODEL, **DIGESTS, "sha256": "AB" * 32}}, "promote.sha256 is"),
        ({"promote": {"model": MODEL, **DIGESTS, "unmeasured": 1}}, "promote.unmeasured is 1"),
    ],
)
def test_an_input_is_refused_by_its_field(aws: Account, value: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        promoted.plan(value, "run-9", aws.artifacts, SPECS)


def test_a_run_without_its_files_is_refused(run: Callable[..., Any]) -> None:
    with pytest.raises(Refused, match=r"promotion.json does not exist: start the run with `kennel models promote`"):
        run(promotion=None)
