"""train.py on cached features: the same model as without them, the search's winner scored on images, refusals."""

import json
import os
import signal

import pytest
import torch

from imgcls.artifacts.archives import verify
from imgcls.contract import metrics, records, trials
from imgcls.contract.artifact import ARCHITECTURES, WEIGHTS
from imgcls.data.folders import open_dataset
from imgcls.features import store
from imgcls.features.store import FeatureArray
from imgcls.networks import architectures, pretrained, weights_file
from tests.imgcls.features.test_features import logits_of
from tests.model_code.test_train import train

FROZEN = {"freeze_backbone": "true", "lr": "0.05", "epochs": "3", "environment": {"TRAINING_JOB_NAME": "job"}}


def network_of(folder):
    card = verify(folder / "model")
    network = architectures.build(card.architecture, len(card.labels))
    network.load_state_dict(weights_file.load(folder / "model" / WEIGHTS))
    return network.eval()


@pytest.mark.parametrize(
    "architecture",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ("resnet50", "mobilenet_v3_large") else ())
        for name in ARCHITECTURES
    ],
)
def test_a_cached_training_ends_with_the_same_logits(splits, tmp_path, architecture):
    logits = {}
    for cached in ("true", "false"):
        folder = tmp_path / cached
        folder.mkdir()
        result = train(splits, folder, architecture=architecture, feature_cache=cached, **FROZEN)
        assert result.returncode == 0, result.stderr
        assert (folder / "model-features").is_dir() is (cached == "true")
        logits[cached] = logits_of(network_of(folder), open_dataset(splits / "validation"))
    torch.testing.assert_close(logits["true"], logits["false"], rtol=0, atol=1e-4)


def test_a_second_run_reuses_the_features_of_the_first(splits, tmp_path):
    changes = {"feature_cache": "true", "feature_views": "3", "augmentation": "standard", **FROZEN}
    first, second = (train(splits, tmp_path, **changes, seed=1) for _ in range(2))
    total = 3 * 72 + 24
    assert f"features of {total} images and views, 0 of them from an earlier pass" in first.stdout
    assert f"features of {total} images and views, {total} of them from an earlier pass" in second.stdout


def test_an_interrupted_pass_resumes_where_it_stopped(splits, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BLOCK_ROWS", 16)
    original, num = FeatureArray.append, iter(range(100))

    def append(self, rows):
        original(self, rows)
        if next(num) == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(FeatureArray, "append", append)
    changes = {"feature_cache": "true", "test_batch_size": "8", **FROZEN}
    stopped = train(splits, tmp_path, **changes)
    assert stopped.returncode == 128 + signal.SIGTERM
    assert "ended by SIGTERM" in stopped.stderr and "the same command resumes" in stopped.stderr
    resumed = train(splits, tmp_path, **changes)
    assert resumed.returncode == 0 and "features of 96 images and views, 32 of them from an earlier" in resumed.stdout


def test_a_head_search_scores_the_winner_on_images(splits, tmp_path):
    search = {"trials": 9, "space": {"batch-size": [8, 16]}}
    result = train(splits, tmp_path, head_search=json.dumps(search), **{**FROZEN, "epochs": "9"})
    assert result.returncode == 0, result.stderr
    card, output = verify(tmp_path / "model"), tmp_path / "model-records"
    rows = list(records.read_rows(output / trials.FILE))
    [winner] = [row for row in rows if row["state"] == trials.COMPLETED]
    assert len(rows) == 9 and winner["value"] == max(row["value"] for row in rows)
    for name, value in winner["values"].items():
        assert card.hyperparameters[name] == str(value)
    # The reported accuracy is the whole network's on images, and equals the one on features.
    logits = logits_of(network_of(tmp_path), split := open_dataset(splits / "validation"))
    accuracy = (logits.argmax(1) == torch.tensor(split.targets)).float().mean().item()
    assert card.validation["accuracy"] == pytest.approx(accuracy) == pytest.approx(winner["value"])
    *_, loss, objective = metrics.parse(result.stdout)
    assert objective == ("validation:accuracy", pytest.approx(accuracy, rel=1e-4))
    assert loss == ("validation:loss", pytest.approx(winner["rungs"][-1]["loss"], rel=1e-4))
    environment = json.loads((output / records.ENVIRONMENT_FILE).read_text())
    assert environment["hyperparameters"]["lr"] == winner["values"]["lr"]
    best = [row["value"] for row in records.read_rows(output / records.METRICS_FILE) if row["name"].startswith("best:")]
    assert best[-2:] == [9, winner["value"]]


def test_pretrained_weights_come_from_the_channel_and_the_backbone_keeps_them(splits, tmp_path):
    source = architectures.build("resnet18", 1000)
    torch.save(source.state_dict(), tmp_path / "weights.pth")
    pretrained.stage("resnet18", tmp_path / "weights.pth", tmp_path)
    environment = {**FROZEN["environment"], "SM_CHANNEL_WEIGHTS": str(tmp_path)}
    changes = {**FROZEN, "environment": environment, "epochs": "1", "pretrained": "true", "architecture": "resnet18"}
    result = train(splits, tmp_path, feature_cache="true", **changes)
    assert result.returncode == 0, result.stderr
    trained = network_of(tmp_path).state_dict()
    assert all(torch.equal(trained[name], t) for name, t in source.state_dict().items() if not name.startswith("fc."))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feature_cache": "true"}, "error: feature-cache uses the features of a backbone that does not change"),
        (
            {"head_search": '{"trials": 4}'},
            "error: head-search uses the features of a backbone that does not change",
        ),
        ({"feature_views": "2"}, "error: feature-views are views in the feature cache: pass --feature-cache true"),
        (
            {"feature_cache": "true", "freeze_backbone": "true", "feature_views": "2", "augmentation": "none"},
            "error: feature-views 2 with augmentation none makes as many equal views",
        ),
        ({"head_search": '{"trails": 4}', "freeze_backbone": "true"}, "error: head-search has no 'trails'"),
        (
            {"head_search": '{"trials": 4}', "freeze_backbone": "true", "class_weighting": "loss"},
            "error: head-search does not weigh the loss",
        ),
    ],
)
def test_a_mistake_is_one_sentence(splits, tmp_path, changes, message):
    result = train(splits, tmp_path, **changes)
    assert result.returncode == 1
    assert message in result.stderr and "Traceback" not in result.stderr
