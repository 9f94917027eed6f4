"""A version of another environment: judged, staged, registered with its lineage, tested and published."""

from __future__ import annotations

from imgcls.contract.promotion import Promotion
from lambdas.smoke_test.comparison import SmokeTestFailed
from tests.pipeline.harness import Outcome, Runner
from tests.pipeline.services import failed_function

MODEL = "dog-breed-classifier"
PROMOTION = Promotion(
    model=MODEL, version="v3", sha256="cd" * 32, architecture="resnet18", labels=("a", "b"), preprocessing={},
    response_format="full", precision="fp32", dataset="dog-breeds", manifest_id="0123", training_job="job-3",
    accuracy=0.9, num_images=20, source_project="kennel", source_environment="dev",
    source_package="arn:aws:sagemaker:eu-west-1::model-package/kennel-dev-x/3", who="ann",
    when="2026-11-20T10:00:00+00:00", files={},
)  # fmt: skip
INPUT = {"promote": {"model": MODEL, "sha256": PROMOTION.sha256}}


def promoted(**script: object) -> Outcome:
    runner = Runner()
    runner.services.promotion = PROMOTION
    runner.script = {state: [answer] for state, answer in script.items()}
    return runner.run(INPUT, execution="promoted")


def test_it_is_published_without_any_job() -> None:
    found = promoted()
    assert found.error is None and found.outcomes[MODEL]["outcome"] == "published"
    assert set(found.calls) == {
        "PlanRun", "LoadModelPlan", "QualityGate", "StageArtifact", "RegisterModel", "SmokeTest", "PublishModel",
        "ApproveModel", "Notify",
    }  # fmt: skip
    (staged,), (registered,) = found.calls["StageArtifact"], found.calls["RegisterModel"]
    assert staged["Payload"]["source"]["sha256"] == PROMOTION.sha256
    payload = registered["Payload"]
    assert payload["source"] == PROMOTION.lineage() and payload["package_group"] == "group"
    assert (payload["manifest_id"], payload["dataset"], payload["training_job"]) == ("0123", "dog-breeds", "job-3")
    (published,) = found.calls["PublishModel"]
    assert published["Payload"]["compared_with"] == "m/v0/model.tar.gz", "the alias that PlanRun saw"


def test_the_gate_of_this_environment_may_reject_it() -> None:
    gate = {"passed": False, "reason": "too weak", "accuracy": 0.1, "champion_accuracy": 0.9}
    found = promoted(QualityGate={"Payload": gate})
    assert found.outcomes[MODEL]["outcome"] == "rejected"
    assert not {"StageArtifact", "RegisterModel", "PublishModel"} & set(found.calls)
    (registered,) = found.calls["RegisterRejected"]
    assert registered["Payload"]["archive_uri"] == f"s3://artifacts-bucket/runs/promoted/{MODEL}/model.tar.gz"


def test_with_the_endpoint_off_it_waits_like_any_version() -> None:
    found = promoted(SmokeTest={"Payload": {"on": False, "tested": 0, "note": "off"}})
    assert found.outcomes[MODEL]["outcome"] == "staged" and "PublishModel" not in found.calls
    (staged,) = found.calls["RecordStaged"]
    assert staged["Payload"]["staged"]["compared_with"] == "m/v0/model.tar.gz"


def test_one_that_answers_otherwise_is_rejected() -> None:
    found = promoted(SmokeTest=failed_function(SmokeTestFailed("0.jpg: another label")))
    assert found.failures[0]["state"] == "SmokeTest"
    assert len(found.calls["RejectModel"]) == 1 and "PublishModel" not in found.calls
