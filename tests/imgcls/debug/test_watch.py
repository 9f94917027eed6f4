"""The watch: which steps it samples, what it writes, what a resume keeps, how a rule ends a training."""

import json
import time
from collections import Counter

import pytest
import torch

from imgcls.contract import records
from imgcls.contract.debugging import DebugSettings
from imgcls.debug.watch import TrainingDiverged, Watch
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder


@pytest.fixture
def make_watch(tmp_path):
    with Recorder(tmp_path, started=time.time()) as recorder:

        def make(settings=None, **options):
            network = architectures.build("simple_cnn", 2)
            watch = Watch(network, recorder, DebugSettings.from_dict(settings or {}), **options)
            watch.network = network
            return watch

        yield make


def run_steps(watch, steps, loss=0.7):
    """The calls that the trainer makes."""
    images, targets = torch.randn(8, 3, 32, 32), torch.tensor([0, 1] * 4)
    optimizer = torch.optim.SGD(watch.network.parameters(), lr=0.01)
    for step in steps:
        watch.begin(step, 1, 0.01)
        watch.batch(images, targets)
        torch.nn.functional.cross_entropy(watch.network(images), targets).backward()
        watch.loss(loss)
        watch.update(optimizer.step)


def rows(folder, name=None):
    return [row for row in records.read_rows(folder / records.DEBUG_FILE) if name in (None, row["name"])]


def findings(folder):
    return [row for row in rows(folder) if "severity" in row]


def test_the_first_step_and_every_interval_are_sampled(make_watch, tmp_path):
    run_steps(make_watch({"interval": 3}), range(1, 8))
    assert [row["step"] for row in rows(tmp_path, records.LOSS)] == [1, 3, 6]
    assert {row["layer"] for row in rows(tmp_path, records.GRADIENT_NORM)} == {
        "features.0", "features.2", "features.4", "features.6", "features.8", "head",
    }  # fmt: skip


def test_a_row_is_short(make_watch, tmp_path):
    run_steps(make_watch(), [1])
    assert max(len(json.dumps(row["value"])) for row in rows(tmp_path)) <= 12


@pytest.mark.parametrize("options", [{"settings": {"interval": 0}}, {"samples": False}])
def test_no_tensor_is_sampled(make_watch, tmp_path, options):
    watch = make_watch(**options)
    run_steps(watch, range(1, 5))
    watch.end_epoch(0.7, 0.7)
    assert not rows(tmp_path)
    with pytest.raises(TrainingDiverged):
        watch.loss(float("nan"))


def test_a_long_run_writes_fewer_of_its_samples(make_watch, tmp_path, monkeypatch):
    monkeypatch.setattr("imgcls.debug.watch._FULL_RATE", 4)
    run_steps(make_watch({"interval": 1}), range(1, 17))
    assert [row["step"] for row in rows(tmp_path, records.LOSS)] == [1, 2, 3, 4, 5, 7, 10, 13]


def test_the_labels_of_sampled_batches_are_counted(make_watch, tmp_path):
    watch = make_watch({"interval": 2})
    run_steps(watch, range(1, 5))
    watch.end_epoch(0.7, 0.7)
    counted = {row["layer"]: row["value"] for row in rows(tmp_path, records.LABEL_COUNT)}
    assert counted == {"0": 12.0, "1": 12.0}


def test_a_rule_fires_once_even_after_a_resume(make_watch, tmp_path):
    watch = make_watch({"rules": {"loss-not-decreasing": {"epochs": 2, "action": "stop"}}})
    for _ in range(3):
        watch.end_epoch(0.7, 0.7)
    assert watch.stopped_by == "loss-not-decreasing"
    (finding,) = findings(tmp_path)
    assert finding["action"].startswith("training stops after this epoch, as the debug setting asks; change lr")
    resumed = make_watch()
    resumed.restore(json.loads(json.dumps(watch.state())))
    resumed.end_epoch(0.7, 0.7)
    assert resumed.stopped_by == "loss-not-decreasing"
    assert Counter(row["name"] for row in findings(tmp_path)) == {"loss-not-decreasing": 2}, "the second is a copy"


@pytest.mark.parametrize(
    ("action", "printed", "sent"), [("off", 0, 0), ("report", 1, 0), ("metric", 1, 1), ("stop", 1, 1)]
)
def test_actions(make_watch, capsys, action, printed, sent):
    watch = make_watch({"rules": {"loss-not-decreasing": {"epochs": 1, "action": action}}})
    watch.end_epoch(0.7, 0.7)
    watch.end_epoch(0.7, 0.7)
    out = capsys.readouterr().out
    assert out.count("warning: loss-not-decreasing (0.7): ") == printed
    assert out.count("debug:loss-not-decreasing=1;") == sent
    assert (watch.stopped_by is not None) == (action == "stop")


def test_a_finding_is_recorded_although_nobody_reads_the_output_any_more(make_watch, tmp_path, monkeypatch):
    """A signal that ends a job ends AWS's toolkit, which reads what training prints, before the checkpoint is saved."""
    watch = make_watch({"rules": {"loss-not-decreasing": {"epochs": 1}}})
    monkeypatch.setattr("sys.stdout.write", broken_pipe)
    watch.end_epoch(0.7, 0.7)
    watch.end_epoch(0.7, 0.7)
    assert [row["name"] for row in findings(tmp_path)] == ["loss-not-decreasing"]


def broken_pipe(_):
    raise BrokenPipeError


def test_a_divergence_in_a_sampled_step_leaves_no_hook(make_watch):
    watch = make_watch()
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1, at lr 0.01: lower lr"):
        run_steps(watch, [1], loss=float("nan"))
    assert not any(module._forward_hooks for module in watch.network.modules())
    assert not watch.is_sampling
