"""Train, evaluate, predict, without anything faked in between; and what the evaluation refuses."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evaluate
import inference
from imgcls.artifacts import archives
from imgcls.contract import evaluation as contract
from imgcls.contract.artifact import ARCHIVE, GRAPH, Preprocessing, read_card
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.plan_file import ModelSettings, PlanFile
from imgcls.contract.records import OUTPUT_ARCHIVE
from imgcls.serving.engine import SUPPORTS_BF16
from tests.imgcls.stripes import CLASSES, draw_split
from tests.model_code.test_train import train

SPEC = Preprocessing(resize=36, crop=32)


@pytest.fixture(scope="module")
def trained(splits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with artifact/model.tar.gz and output-data/output.tar.gz, as a training job leaves them."""
    folder = tmp_path_factory.mktemp("trained")
    result = train(splits, folder, epochs="6", model_name="striped", environment={"TRAINING_JOB_NAME": "job"})
    assert result.returncode == 0, result.stderr
    for name in ("artifact", "output-data"):
        (folder / name).mkdir()
    archives.pack(folder / "model", folder / "artifact" / ARCHIVE)
    archives.pack(folder / "model-records", folder / "output-data" / OUTPUT_ARCHIVE)
    return folder


def run(
    splits: Path,
    trained: Path,
    folder: Path,
    *,
    precision: str = "fp32",
    response_format: str = "full",
    **changes: Path | str,
) -> tuple[Any, ...]:
    """(exit code, output folder, message)."""
    plan = folder / "plan"
    plan.mkdir(parents=True)
    settings = ModelSettings("striped", "simple_cnn", SPEC, response_format, precision)
    document = PlanFile(DatasetSettings(name="stripes"), {"striped": settings}).to_dict()
    (plan / "plan.json").write_text(json.dumps(document))
    options = {
        "model": "striped", "plan": plan, "artifact": trained / "artifact", "output-data": trained / "output-data",
        "validation": splits / "validation", "test": splits / "test", "champion": folder / "champion",
        "output": folder / "output", "message": folder / "message",
    } | {name.replace("_", "-"): value for name, value in changes.items()}  # fmt: skip
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return evaluate.main(arguments), folder / "output", (folder / "message").read_text()


@pytest.fixture(scope="module")
def evaluated(splits: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    return run(splits, trained, tmp_path_factory.mktemp("evaluated"))


def test_the_servable_archive_is_written(evaluated: tuple[Any, ...], tmp_path: Path) -> None:
    code, output, message = evaluated
    assert code == 0
    archives.unpack(output / ARCHIVE, tmp_path / "model")
    card = archives.verify(tmp_path / "model")
    assert GRAPH in card.files and card.precision == "fp32" and 0.2 < card.temperature < 8.1
    assert json.loads(message)["version"] == card.version
    pages = {path.name for path in (output / "reports").glob("*.html")}
    assert pages == {"training-report.html", "profiler-report.html", "evaluation-report.html"}


def test_the_score_is_of_the_test_split(evaluated: tuple[Any, ...]) -> None:
    _, output, message = evaluated
    scored = contract.read(output / contract.FILE)
    assert scored.num_images == 24 and sum(map(sum, scored.confusion_matrix)) == 24
    assert scored.accuracy == json.loads(message)["accuracy"] > 0.6
    assert scored.champion is None and json.loads(message)["champion_accuracy"] == -1
    assert scored.artifact_bytes == (output / ARCHIVE).stat().st_size and scored.latency_ms > 0


def test_golden_images_are_answered_as_expected(evaluated: tuple[Any, ...], tmp_path: Path) -> None:
    """As the smoke test will compare them with the endpoint's answers."""
    _, output, _ = evaluated
    archives.unpack(output / ARCHIVE, tmp_path / "model")
    model = inference.model_fn(tmp_path / "model")
    golden = contract.parse_golden((output / "golden" / contract.GOLDEN_FILE).read_text())
    assert len(golden) == contract.GOLDEN_IMAGES and len({image.expected for image in golden}) == 3
    for image in golden:
        data = inference.input_fn((output / "golden" / image.file).read_bytes(), "application/x-image")
        answer = json.loads(inference.output_fn(inference.predict_fn(data, model), "application/json")[0])
        assert answer["label"] == image.label
        assert np.abs(np.array(answer["probabilities"]) - image.probabilities).max() < 1e-4


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_a_reduced_precision_is_scored_as_it_is_served(
    splits: Path, trained: Path, evaluated: tuple[Any, ...], tmp_path: Path, precision: str
) -> None:
    if precision == "bf16" and not SUPPORTS_BF16:
        pytest.skip("this CPU has no bf16")
    champion = tmp_path / "champion"
    champion.mkdir()
    shutil.copy(evaluated[1] / ARCHIVE, champion)
    code, output, message = run(splits, trained, tmp_path, precision=precision, response_format="named")
    assert code == 0
    scored = contract.read(output / contract.FILE)
    archives.unpack(output / ARCHIVE, tmp_path / "model")
    card = read_card(tmp_path / "model")
    assert scored.precision == card.precision
    assert card.precision == precision or any(precision in note for note in scored.notes)
    assert scored.agreement_with_fp32 >= 0.9 and card.response_format == "named"
    published = contract.read(evaluated[1] / contract.FILE)
    assert scored.champion is not None
    assert scored.champion.accuracy == published.accuracy == json.loads(message)["champion_accuracy"]


def test_a_champion_of_other_classes_is_not_compared(
    splits: Path, trained: Path, evaluated: tuple[Any, ...], tmp_path: Path
) -> None:
    champion = tmp_path / "champion"
    archives.unpack(evaluated[1] / ARCHIVE, tmp_path / "other")
    card = read_card(tmp_path / "other")
    archives.write_artifact(tmp_path / "other", replace(card, labels=("a", "b", "c")))
    champion.mkdir()
    archives.pack(tmp_path / "other", champion / ARCHIVE)
    code, output, _ = run(splits, trained, tmp_path)
    scored = contract.read(output / contract.FILE)
    assert code == 0 and scored.champion is None and "other labels" in scored.notes[0]
    assert scored.published_labels == "other"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "other"}, "plan.json does not contain the model 'other'; it has striped"),
        ({"artifact": "nowhere"}, "nowhere does not contain model.tar.gz"),
        ({"plan": "nowhere"}, "cannot be read"),
    ],
)
def test_inputs_that_are_missing_are_named(
    splits: Path, trained: Path, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    code, _, said = run(splits, trained, tmp_path, **changes)
    assert code == 1 and message in said


def test_a_split_of_other_classes_is_refused(splits: Path, trained: Path, tmp_path: Path) -> None:
    draw_split(tmp_path / "test", 1, 0, {name: CLASSES[name] for name in list(CLASSES)[:2]})
    code, _, said = run(splits, trained, tmp_path, test=tmp_path / "test")
    assert code == 1 and "evaluate it on its own data set" in said


def test_a_corrupt_image_is_named(splits: Path, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(splits / "test", tmp_path / "test")
    (tmp_path / "test" / "002.Standing" / "003.jpg").write_bytes(b"\xff\xd8 broken")
    code, _, said = run(splits, trained, tmp_path, test=tmp_path / "test")
    assert code == 1 and said.startswith("test/002.Standing/003.jpg: ") and "remove it" in said


def test_test_images_that_no_request_can_carry_are_refused(splits: Path, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(splits / "test", tmp_path / "test")
    for path in (tmp_path / "test").rglob("*.jpg"):
        os.truncate(path, contract.GOLDEN_MAX_BYTES + 1)
    code, output, said = run(splits, trained, tmp_path, test=tmp_path / "test")
    assert code == 1 and not output.exists()
    assert said.startswith("every test image is larger than 4,194,304 bytes, and the smoke test sends some")


def test_damaged_weights_are_refused(splits: Path, trained: Path, tmp_path: Path) -> None:
    archives.unpack(trained / "artifact" / ARCHIVE, tmp_path / "bad")
    with (tmp_path / "bad" / "weights.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x55")
    (tmp_path / "artifact").mkdir()
    archives.pack(tmp_path / "bad", tmp_path / "artifact" / ARCHIVE)
    code, output, said = run(splits, trained, tmp_path, artifact=tmp_path / "artifact")
    assert code == 1 and "SHA-256" in said
    assert not output.exists(), "nothing may be published"


def test_an_artifact_that_does_not_fit_the_plan_is_refused(
    splits: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.model_code.test_evaluate.SPEC", Preprocessing(resize=40, crop=32))
    code, _, said = run(splits, trained, tmp_path)
    assert code == 1 and "the artifact's preprocessing is" in said


@pytest.mark.parametrize("ahead", ["", "x"])
def test_a_long_exit_message_stays_utf8(splits: Path, trained: Path, tmp_path: Path, ahead: str) -> None:
    code, _, said = run(splits, trained, tmp_path, plan=f"{ahead}/" + "/".join(["\u00fc" * 100] * 6))
    assert code == 1 and 1022 < len(said.encode()) <= 1024
