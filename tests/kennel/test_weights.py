"""`kennel weights stage` into a bucket, and a training that starts from what lies there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from imgcls.contract import keys
from imgcls.contract.artifact import WEIGHTS, sha256
from imgcls.networks import architectures, weights_file
from kennel.errors import KennelError
from kennel.models import pretrained_weights
from kennel.workspace import clone
from tests.imgcls.stripes import SPEC, draw_splits


@pytest.mark.slow
def test_staged_weights_are_what_a_pretrained_training_starts_from(s3, tmp_path):
    torch.manual_seed(1)
    source = architectures.build("resnet18", 1000).state_dict()
    torch.save(source, tmp_path / "weights.pth")
    official = (tmp_path / "weights.pth").rename(tmp_path / f"resnet18-{sha256(tmp_path / 'weights.pth')[:8]}.pth")

    staged = pretrained_weights.stage(s3, "artifacts", "resnet18", official)
    assert staged.uri == "s3://artifacts/" + keys.weights("resnet18")
    head = s3.head_object(Bucket="artifacts", Key=keys.weights("resnet18"))
    assert head["ContentLength"] == staged.bytes

    channel, splits = tmp_path / "channel", draw_splits(tmp_path / "data")
    channel.mkdir()
    s3.download_file("artifacts", keys.weights("resnet18"), str(channel / "resnet18.safetensors"))
    assert sha256(channel / "resnet18.safetensors") == staged.sha256
    command = [
        sys.executable, clone.ROOT / "model_code" / "train.py", "--train", splits / "train",
        "--validation", splits / "validation", "--model-dir", tmp_path / "model", "--weights", channel,
        "--architecture", "resnet18", "--pretrained", "true", "--freeze-backbone", "true", "--feature-cache", "true",
        "--preprocessing", SPEC, "--epochs", "1", "--batch-size", "24",
    ]  # fmt: skip
    environment = {**os.environ, "TRAINING_JOB_NAME": "job", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    trained = weights_file.load(tmp_path / "model" / WEIGHTS)
    assert all(torch.equal(trained[name], source[name]) for name in source if not name.startswith("fc."))


def test_a_refusal_is_the_scripts_sentence_and_uploads_nothing(s3, tmp_path):
    with pytest.raises(KennelError, match=r"there is no file .*weights\.pth"):
        pretrained_weights.stage(s3, "artifacts", "resnet18", tmp_path / "weights.pth")
    assert s3.list_objects_v2(Bucket="artifacts")["KeyCount"] == 0
