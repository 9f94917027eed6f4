"""What train.py makes of a job's environment."""

from __future__ import annotations

from imgcls.arguments import parse


def checkpoint_folder(opt_ml, *arguments):
    (opt_ml / "model").mkdir(parents=True)
    environment = {
        "SM_CHANNEL_TRAIN": "train",
        "SM_CHANNEL_VALIDATION": "validation",
        "SM_MODEL_DIR": str(opt_ml / "model"),
        "TRAINING_JOB_NAME": "search-003-abcd",
    }
    options, _ = parse(arguments, environment, "")
    return options.checkpoint_dir


def test_a_job_without_a_checkpoint_config_keeps_none(tmp_path):
    assert checkpoint_folder(tmp_path) is None


def test_a_final_training_keeps_them_where_its_retry_finds_them(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    assert checkpoint_folder(tmp_path) == tmp_path / "checkpoints"


def test_a_trial_keeps_to_its_own_folder_of_the_shared_prefix(tmp_path):
    (tmp_path / "checkpoints" / "trials").mkdir(parents=True)
    assert checkpoint_folder(tmp_path) == tmp_path / "checkpoints" / "trials" / "search-003-abcd"
