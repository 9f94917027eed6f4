"""train.py from a shell and as a job: the artifact, the records, and one sentence for every mistake."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

import train as script
from imgcls.artifacts.archives import verify
from imgcls.contract import metrics, records
from imgcls.contract.artifact import GRAPH
from tests.imgcls.stripes import CLASSES, SPEC, draw_split

QUICK = {
    "architecture": "simple_cnn", "pretrained": "false", "preprocessing": SPEC, "epochs": "1", "batch-size": "8",
    "lr": "0.01", "optimizer": "adamw", "augmentation": "none",
}  # fmt: skip


def arguments(splits, folder, **changes):
    options = {"train": splits / "train", "validation": splits / "validation", "model-dir": folder / "model"}
    options |= QUICK | {name.replace("_", "-"): value for name, value in changes.items()}
    return [text for name, value in options.items() if value is not None for text in (f"--{name}", str(value))]


def train(splits, folder, *, environment=None, **changes):
    """train.py in this process, which saves importing torch for each of many runs."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            code = script.main(arguments(splits, folder, **changes), environment or {})
        except SystemExit as error:
            code = error.code
    return SimpleNamespace(returncode=code, stdout=stdout.getvalue(), stderr=stderr.getvalue())


@pytest.fixture(scope="module")
def shell_run(splits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shell")
    command = [sys.executable, script.__file__]
    command += arguments(splits, folder, epochs="4", labels='{"Lying": "flat"}', model_name="striped")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SM_", "AWS_", "TRAINING_"))}
    return folder, subprocess.run(command, capture_output=True, text=True, env=clean, cwd=folder)


def test_a_shell_run_leaves_a_servable_artifact(shell_run):
    folder, result = shell_run
    assert result.returncode == 0, result.stderr
    card = verify(folder / "model")
    assert card.labels == ("flat", "Standing", "Slanting") and card.name == "striped"
    assert {"weights.safetensors", GRAPH, "code/inference.py"} <= set(card.files)
    assert card.validation["accuracy"] > 0.6 and card.hyperparameters["lr"] == "0.01"
    assert f"kennel predict --artifact {folder / 'model'}" in result.stdout


def test_a_job_whose_gpu_does_not_work_fails_with_the_reason(splits, tmp_path):
    job = {"TRAINING_JOB_NAME": "job", "SM_NUM_GPUS": "1", "SM_CURRENT_INSTANCE_TYPE": "ml.g5.xlarge"}
    result = train(splits, tmp_path, environment=job)
    assert result.returncode == 1 and "training simple_cnn" not in result.stdout
    assert result.stderr.startswith("RuntimeError: ml.g5.xlarge has a GPU that torch cannot use: torch ")
    assert not (tmp_path / "model").exists()


def test_metric_lines_and_rows_agree_and_the_best_epoch_is_kept(shell_run):
    folder, result = shell_run
    printed = list(metrics.parse(result.stdout))
    rows = list(records.read_rows(folder / "model-records" / records.METRICS_FILE))
    *epochs, last_loss, last_accuracy = printed
    assert [name for name, _ in epochs] == [row["name"] for row in rows]
    assert [value for _, value in epochs] == pytest.approx([row["value"] for row in rows], rel=1e-4)
    accuracies = [row["value"] for row in rows if row["name"] == "validation:accuracy"]
    best = verify(folder / "model").validation
    assert best["accuracy"] == max(accuracies) == rows[-1]["value"]
    # A tuning job takes the last values as the trial's: they must be those of the kept epoch.
    assert last_loss == ("validation:loss", pytest.approx(best["loss"], rel=1e-4))
    assert last_accuracy == ("validation:accuracy", pytest.approx(best["accuracy"], rel=1e-4))


def test_the_records_are_complete(shell_run):
    folder = shell_run[0] / "model-records"
    environment = json.loads((folder / records.ENVIRONMENT_FILE).read_text())
    assert environment["outcome"] == "completed" and environment["num_train"] == 72
    profile = json.loads((folder / records.PROFILE_FILE).read_text())
    assert profile["num_steps"] == 36
    assert [phase["name"] for phase in profile["phases"]][:4] == ["imports", "network", "first-batch", "epoch-1"]
    debug = list(records.read_rows(folder / records.DEBUG_FILE))
    assert {row["name"] for row in debug} >= {"gradient-norm", "weight-norm", "update-ratio"}
    assert all(row["value"] >= 0 for row in debug if row["name"] in ("gradient-norm", "weight-norm", "update-ratio"))


def test_the_same_seed_trains_the_same_weights(splits, tmp_path):
    hashes = set()
    for number, workers in enumerate(("1", "4")):
        (tmp_path / str(number)).mkdir()
        result = train(
            splits, tmp_path / str(number), num_workers=workers, environment={"TRAINING_JOB_NAME": "job"},
            augmentation="standard",
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        hashes.add(verify(tmp_path / str(number) / "model").files["weights.safetensors"])
    assert len(hashes) == 1


def test_a_job_reads_the_services_environment(splits, tmp_path):
    """Dictionaries reach the command line flattened by AWS's toolkit; SM_HPS has them as they were sent."""
    environment = {
        "SM_CHANNEL_TRAIN": str(splits / "train"),
        "SM_CHANNEL_VALIDATION": str(splits / "validation"),
        "SM_MODEL_DIR": str(tmp_path / "opt" / "model"),
        "SM_OUTPUT_DATA_DIR": str(tmp_path / "opt" / "data"),
        "SM_HPS": json.dumps({"preprocessing": json.loads(SPEC), "labels": {"Lying": "flat"}}),
        "TRAINING_JOB_NAME": "job-1",
        "KENNEL_MANIFEST_ID": "0123456789abcdef",
    }
    flattened = {"preprocessing": "crop=32,resize=36", "labels": "Lying=flat", "_tuning_objective_metric": "x"}
    result = train(
        splits, tmp_path, environment=environment, train=None, validation=None, model_dir=None, pretrained="False",
        **{name: value for name, value in flattened.items() if name != "_tuning_objective_metric"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    card = verify(tmp_path / "opt" / "model")
    assert (card.training_job, card.manifest_id, card.labels[0]) == ("job-1", "0123456789abcdef", "flat")
    assert GRAPH not in card.files, "a job's graph is exported by the evaluation job"
    assert (tmp_path / "opt" / "data" / records.PROFILE_FILE).is_file()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": "fast"}, "error: lr is 'fast'; it must be a number"),
        ({"epochs": "0"}, "error: epochs is 0; it must be between 1 and 1000"),
        ({"architecture": "vgg16"}, "error: architecture is 'vgg16'; it must be one of simple_cnn"),
        ({"preprocessing": '{"crop": 4}'}, "error: preprocessing needs 8 <= crop"),
        ({"batch_size": "1"}, "error: batch-size 1"),
        ({"accumulation_steps": "8"}, "batch-size 8 in 8 parts (processes times accumulation-steps)"),
        ({"compile": "true"}, "error: compile gains speed on a GPU only, and there is none: pass --compile false"),
        ({"pretrained": "true", "architecture": "resnet18"}, "kennel weights stage resnet18"),
        ({"train": "nowhere"}, "error: there is not a folder nowhere"),
        ({"learning_rate": "0.1"}, "unrecognized arguments: --learning-rate"),
        (
            {"lr": "10", "optimizer": "sgd", "warmup_epochs": "0", "epochs": "40", "batch_size": "4"},
            "error: the loss is",
        ),
    ],
)
def test_a_mistake_is_one_sentence(splits, tmp_path, changes, message):
    result = train(splits, tmp_path, **changes)
    assert result.returncode != 0
    assert message in result.stderr and "Traceback" not in result.stderr


def test_a_bad_image_is_named_and_the_records_are_left(splits, tmp_path):
    folder = tmp_path / "data"
    draw_split(folder / "train", 4, 0)
    shutil.copytree(splits / "validation", folder / "validation")
    (folder / "train" / "002.Standing" / "001.jpg").write_bytes(b"\xff\xd8 broken")
    result = train(folder, tmp_path, batch_size="4", environment={"TRAINING_JOB_NAME": "job"})
    assert result.returncode == 1 and "002.Standing/001.jpg" in result.stderr
    assert result.stderr.startswith("RuntimeError: "), "AWS's toolkit finds the reason by this prefix"
    environment = json.loads((tmp_path / "model-records" / records.ENVIRONMENT_FILE).read_text())
    assert environment["outcome"] == "failed" and "001.jpg" in environment["reason"]


@pytest.mark.parametrize(("num", "message"), [(1, "at least 2 are needed"), (2, "'Slanting'")])
def test_missing_classes_are_named(splits, tmp_path, num, message):
    folder = tmp_path / "data"
    draw_split(folder / "train", 4, 0, {name: CLASSES[name] for name in list(CLASSES)[:num]})
    shutil.copytree(splits / "validation", folder / "validation")
    result = train(folder, tmp_path)
    assert result.returncode == 1 and message in result.stderr
