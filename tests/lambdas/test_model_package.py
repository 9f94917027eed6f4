"""The registry's entry of a version, in full."""

from __future__ import annotations

from lambdas.register_model.package import model_package

EVENT = {
    "model": "m", "version": "v1", "package_group": "group", "execution": "run-1",
    "manifest_id": "0123", "dataset": "dogs", "training_job": "job-1", "archive_uri": "s3://b/models/m/v1/model.tar.gz",
    "gate": {"passed": True, "reason": "good", "accuracy": 0.9, "champion_accuracy": 0.8}, "sha256": "ab", "source": {},
}  # fmt: skip


def test_a_package_is_described_in_full() -> None:
    found = model_package(EVENT, "image")
    assert found.pop("ClientToken") == "6d22d517a90e903a81f9b80ffc4b9e81967b"
    assert found == {
        "ModelPackageGroupName": "group",
        "ModelPackageDescription": "m v1: good",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": "image", "ModelDataUrl": EVENT["archive_uri"]}],
            "SupportedContentTypes": [
                "image/jpeg", "image/png", "image/webp", "application/x-image", "application/octet-stream",
                "application/json",
            ],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/models/m/v1/evaluation.json"}
            }
        },
        "CustomerMetadataProperties": {
            "version": "v1", "execution": "run-1", "training_job": "job-1", "dataset": "dogs", "manifest_id": "0123",
            "accuracy": "0.900000", "champion_accuracy": "0.800000", "sha256": "ab",
        },
    }  # fmt: skip


def test_a_rejected_version_has_its_evaluation_in_the_run_and_no_digest() -> None:
    found = model_package({**EVENT, "archive_uri": "s3://b/runs/r/m/model.tar.gz", "sha256": ""}, "image")
    assert found["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == "s3://b/runs/r/m/evaluation.json"
    assert "sha256" not in found["CustomerMetadataProperties"]


def test_an_execution_that_began_before_a_deploy_is_registered_too() -> None:
    before = {name: value for name, value in EVENT.items() if name not in ("sha256", "source")}
    assert model_package(before, "image")["CustomerMetadataProperties"]["version"] == "v1"


def test_a_promoted_version_says_where_it_comes_from() -> None:
    source = {"sha256": "ab", "source_environment": "dev", "source_package": "arn:aws:sagemaker:eu-west-1::x/1"}
    found = model_package({**EVENT, "source": source}, "image")["CustomerMetadataProperties"]
    assert {name: found[name] for name in source} == source


def test_long_texts_are_cut_to_what_the_service_takes() -> None:
    gate = {**EVENT["gate"], "reason": "x" * 2000}  # type: ignore[dict-item]
    found = model_package({**EVENT, "gate": gate, "dataset": "d" * 300}, "image")
    assert len(found["ModelPackageDescription"]) == 1024
    assert found["CustomerMetadataProperties"]["dataset"] == "d" * 256


def test_a_cut_text_ends_with_a_whole_character() -> None:
    gate = {**EVENT["gate"], "reason": "\u00fc" * 2000}  # type: ignore[dict-item]
    description = model_package({**EVENT, "gate": gate}, "image")["ModelPackageDescription"]
    assert 1022 < len(description.encode()) <= 1024
