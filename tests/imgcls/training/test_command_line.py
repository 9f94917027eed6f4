"""The command line of train.py: every option explained once, the job's environment as the default."""

from pathlib import Path

import pytest

from imgcls.contract.hyperparameters import HYPERPARAMETERS
from imgcls.training.command_line import parse

REQUIRED = ["--train", "a", "--validation", "b"]


def test_help_explains_every_hyperparameter_once(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"], {}, "Train.")
    text = capsys.readouterr().out
    assert ended.value.code == 0 and text.startswith("usage: ")
    options = [line.split()[0] for line in text.splitlines() if line.startswith("  --")]
    assert sorted(options) == sorted(set(options))
    assert {f"--{item.name}" for item in HYPERPARAMETERS} < set(options)
    for item in HYPERPARAMETERS:
        assert item.help.split()[0] in text and (not item.choices or "|".join(item.choices) in text)


def test_only_what_was_passed_is_a_hyperparameter():
    paths, passed = parse([*REQUIRED, "--lr", "0.1", "--model-dir", "out/m"], {}, "Train.")
    assert passed == {"lr": "0.1"}
    assert (paths.train, paths.output_data_dir, paths.feature_dir) == (
        Path("a"), Path("out/m-records"), Path("out/m-features"),
    )  # fmt: skip
    assert paths.checkpoint_dir is None and paths.checkpoint_seconds == 60


def test_a_job_takes_its_paths_from_the_environment(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    environment = {
        "SM_CHANNEL_TRAIN": "t", "SM_CHANNEL_VALIDATION": "v", "SM_MODEL_DIR": str(tmp_path / "model"),
        "SM_OUTPUT_DATA_DIR": "o", "SM_CHANNEL_WEIGHTS": "w", "KENNEL_CHECKPOINT_SECONDS": "5",
    }  # fmt: skip
    paths, _ = parse([], environment, "Train.")
    assert paths.checkpoint_dir == tmp_path / "checkpoints" and paths.checkpoint_seconds == 5
    assert [str(path) for path in (paths.train, paths.validation, paths.output_data_dir, paths.weights)] == list("tvow")


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse([*REQUIRED, "--learning-rate", "1"], {}, "Train.")
    assert "unrecognized arguments: --learning-rate" in capsys.readouterr().err
