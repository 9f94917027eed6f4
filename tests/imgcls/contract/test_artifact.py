"""What an artifact is made of, and which `model.json` this version refuses to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from imgcls.contract import artifact
from imgcls.contract.artifact import ArtifactError, ModelCard, Preprocessing

CARD: dict[str, Any] = {
    "format": 1,
    "name": "m",
    "architecture": "resnet18",
    "labels": ["cat", "dog"],
    "preprocessing": {"resize": 72, "crop": 64},
    "files": {"model.onnx": "0" * 64},
}


def test_the_files_and_choices_are_these() -> None:
    assert (artifact.MODEL_JSON, artifact.WEIGHTS, artifact.CODE, artifact.ARCHIVE) == (
        "model.json", "weights.safetensors", "code", "model.tar.gz",
    )  # fmt: skip
    assert artifact.GRAPHS == {"fp32": "model.onnx", "bf16": "model.onnx", "int8": "model.int8.onnx"}
    assert artifact.PRECISIONS == ("fp32", "bf16", "int8")
    assert artifact.RESPONSE_FORMATS == ("full", "array", "named")
    assert set(artifact.ARCHITECTURES) == {
        "simple_cnn", "resnet18", "resnet50", "mobilenet_v3_small", "mobilenet_v3_large",
    }  # fmt: skip
    # What torchvision's ImageNet weights were trained with.
    assert artifact.IMAGENET_MEAN == (0.485, 0.456, 0.406) and artifact.IMAGENET_STD == (0.229, 0.224, 0.225)


def test_preprocessing_is_that_of_imagenet_unless_said() -> None:
    made = Preprocessing.from_dict({})
    assert made == Preprocessing(256, 224, artifact.IMAGENET_MEAN, artifact.IMAGENET_STD)
    assert made.to_dict() == {
        "resize": 256, "crop": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
    }  # fmt: skip
    assert Preprocessing.from_dict(made.to_dict()) == made


@pytest.mark.parametrize(
    "value",
    [{"resize": 8, "crop": 8}, {"resize": 2048, "crop": 2048}, {"mean": [0, 0, 0.5], "std": [0.001, 1, 1]}],
)
def test_preprocessing_at_its_limits_is_taken(value: dict[str, Any]) -> None:
    made = Preprocessing.from_dict(value)
    assert all(getattr(made, name) == (tuple(item) if isinstance(item, list) else item) for name, item in value.items())


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "preprocessing is not a JSON object"),
        ({"crops": 3, "a": 1}, r"preprocessing has unknown fields \['a', 'crops'\]"),
        ({"resize": 72.0}, "resize 72.0; it must be a whole number of pixels"),
        ({"crop": True}, "crop True; it must be a whole number of pixels"),
        ({"mean": 0.5}, "mean 0.5; it must be a list of three numbers"),
        ({"mean": ["a", "b", "c"]}, "mean .*; it must be a list of three numbers"),
        ({"std": [True, 1, 1]}, "std .*; it must be a list of three numbers"),
        ({"std": {"r": 1}}, "std .*; it must be a list of three numbers"),
        ({"crop": 7}, "8 <= crop <= resize <= 2048, not crop 7, resize 256"),
        ({"crop": 257}, "8 <= crop <= resize <= 2048, not crop 257, resize 256"),
        ({"resize": 2049}, "8 <= crop <= resize <= 2048, not crop 224, resize 2049"),
        ({"mean": [0, 0]}, "three values of mean and three positive values of std"),
        ({"std": [1, 1, 1, 1]}, "three values of mean and three positive values of std"),
        ({"std": [1, 0, 1]}, "three values of mean and three positive values of std"),
    ],
)
def test_unusable_preprocessing_is_named(value: Any, sentence: str) -> None:
    with pytest.raises(ArtifactError, match=sentence):
        Preprocessing.from_dict(value)


def test_a_card_says_what_is_left_out_by_its_defaults() -> None:
    card = ModelCard.from_dict(CARD)
    assert card.to_dict() == {
        **CARD,
        "preprocessing": Preprocessing(72, 64).to_dict(),
        "response_format": "full",
        "temperature": 1.0,
        "precision": "fp32",
        "validation": {},
        "hyperparameters": {},
        "manifest_id": "",
        "training_job": "",
        "started": "",
        "version": "",
    }
    assert ModelCard.from_dict(card.to_dict()) == card


@pytest.mark.parametrize("temperature", [0.001, 1, 99.9])
def test_a_temperature_within_its_limits_is_taken(temperature: float) -> None:
    assert ModelCard.from_dict({**CARD, "temperature": temperature}).temperature == temperature


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "model.json has format 2; this version reads format 1"),
        ({"format": None}, "model.json has format None"),
        ({"labelz": 1, "b": 2}, r"model.json has unknown fields \['b', 'labelz'\]"),
        ({"name": 7}, "name must be a .*, not 7"),
        ({"architecture": None}, "architecture must be a .*, not None"),
        ({"manifest_id": 7}, "manifest_id must be a .*, not 7"),
        ({"training_job": 7}, "training_job must be a .*, not 7"),
        ({"started": 7}, "started must be a .*, not 7"),
        ({"version": 7}, "version must be a .*, not 7"),
        ({"files": []}, r"files must be an object, not \[\]"),
        ({"validation": 7}, "validation must be an object, not 7"),
        ({"hyperparameters": 7}, "hyperparameters must be an object, not 7"),
        ({"labels": "cd"}, "labels must be a list of at least two strings"),
        ({"labels": ["cat"]}, "labels must be a list of at least two strings"),
        ({"labels": ["cat", 2]}, "labels must be a list of at least two strings"),
        ({"labels": ["cat", "dog", "cat"]}, "two classes have the same label"),
        ({"response_format": "xml"}, "response_format is 'xml'; it must be one of full, array, named"),
        ({"precision": "fp8"}, "precision is 'fp8'; it must be one of fp32, bf16, int8"),
        ({"temperature": "hot"}, "temperature must be between 0 and 100, not 'hot'"),
        ({"temperature": 0}, "temperature must be between 0 and 100, not 0"),
        ({"temperature": 100}, "temperature must be between 0 and 100, not 100"),
        ({"preprocessing": None}, "preprocessing is not a JSON object"),
    ],
)
def test_an_unusable_card_names_the_field(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArtifactError, match=sentence):
        ModelCard.from_dict({**CARD, **change})


@pytest.mark.parametrize("name", ["name", "architecture", "labels", "preprocessing", "files"])
def test_a_card_without_what_it_needs_is_refused(name: str) -> None:
    with pytest.raises(ArtifactError, match=rf"model.json lacks \['{name}'\]"):
        ModelCard.from_dict({key: value for key, value in CARD.items() if key != name})


def test_a_card_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(ArtifactError, match=r"model.json is not a JSON object"):
        ModelCard.from_dict([])  # type: ignore[arg-type]


def test_a_card_is_written_and_read(tmp_path: Path) -> None:
    card = ModelCard.from_dict(CARD)
    artifact.write_card(tmp_path, card)
    text = (tmp_path / "model.json").read_text()
    assert text == json.dumps(card.to_dict(), indent=2, sort_keys=True) + "\n"
    assert artifact.read_card(tmp_path) == card


def test_a_folder_without_a_card_is_not_an_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"model\.json: it is"):
        artifact.read_card(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe{}", b"[" * 100_000])
def test_a_card_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"model.json is not JSON"):
        artifact.read_card(tmp_path)


def test_a_version_is_the_start_in_utc_and_the_content() -> None:
    started = datetime(2026, 11, 20, 14, 24, 15, tzinfo=timezone(timedelta(hours=1)))
    assert artifact.version(started, {"b": "2", "a": "1"}) == "20261120T132415Z-0e09eeab"
    assert artifact.version(started.astimezone(UTC), {"a": "1", "b": "2"}) == "20261120T132415Z-0e09eeab"
    assert artifact.version(started, {"a": "1", "b": "3"}) != "20261120T132415Z-0e09eeab"


def test_a_hash_is_sha_256_in_hex(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert artifact.sha256(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("folder", "renames", "label"),
    [
        ("cat", None, "cat"),
        ("001.Affenpinscher", None, "Affenpinscher"),
        ("001.a.b", None, "a.b"),
        ("001.", None, "001."),
        ("v1.cat", None, "v1.cat"),
        ("001", None, "001"),
        ("3.5mm jack", None, "3.5mm jack"),
        ("1.5T", None, "1.5T"),
        ("e\u0301t\u00e9", None, "\u00e9t\u00e9"),
        ("cats", {"cats": "cat"}, "cat"),
        ("001.cats", {"cats": "cat"}, "cat"),
        ("001.cats", {"001.cats": "tom", "cats": "cat"}, "tom"),
        ("dogs", {"cats": "cat"}, "dogs"),
    ],
)
def test_a_class_folder_has_a_label(folder: str, renames: dict[str, str] | None, label: str) -> None:
    assert artifact.label_of(folder, renames) == label


def test_a_card_of_many_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / artifact.MODEL_JSON
    path.write_text(json.dumps(CARD | {"name": "x" * (artifact.MAX_CARD_BYTES - 1000)}))
    assert len(artifact.read_card(tmp_path).name) > 8_000_000
    path.write_text(json.dumps(CARD | {"name": "x" * artifact.MAX_CARD_BYTES}))
    with pytest.raises(ArtifactError, match=r"model.json has \d+ bytes; at most 8388608 are read"):
        artifact.read_card(tmp_path)
