"""The head search: trials end as if trained alone, points cover the space, halving keeps the best."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from imgcls.contract import trials as contract
from imgcls.contract.head_search import DEFAULT_SPACE, HeadSearch
from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.optimization import Optimization
from imgcls.debug.watch import TrainingDiverged
from imgcls.features import halving
from imgcls.features.head_search import Search
from imgcls.features.heads import Heads
from imgcls.features.loader import Features
from imgcls.features.points import points
from imgcls.features.training import HeadTrainer
from imgcls.profiling.recording import Recorder

CPU = torch.device("cpu")
OPTIMIZATION = Optimization(epochs=9, batch_size=16)
NUM, CLASSES = 10, 4


def clouds(num, seed=0):
    """Points around one centre per class, close enough that the settings matter."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(CLASSES, NUM))
    targets = np.arange(num) % CLASSES
    return (centres[targets] + 1.2 * random.normal(size=(num, NUM))).astype(np.float32), targets.tolist()


@pytest.fixture
def features():
    (train, train_targets), (validation, validation_targets) = clouds(100), clouds(80, seed=1)
    return Features((train,), train_targets, validation, validation_targets, seed=1)


def head_of(dropout=0.0):
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(NUM, CLASSES))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("others", [{}, {"gradient_clipping": 0.5}, {"momentum": 0.0}])
def test_a_trial_ends_as_if_trained_alone(features, tmp_path, optimizer, others):
    settings = {
        3: replace(OPTIMIZATION, optimizer=optimizer, lr=0.05, weight_decay=0.1, label_smoothing=0.1, **others),
        5: replace(OPTIMIZATION, optimizer=optimizer, lr=0.002, weight_decay=0.0, **others),
        8: replace(OPTIMIZATION, optimizer=optimizer, lr=0.01, warmup_epochs=2.0, **others),
    }
    heads = Heads(head_of()[-1], settings, features.train_loader(16), dropout=0.2, device=CPU)
    heads.train_to(2)
    heads.keep([3, 8])
    heads.train_to(4)
    validation = torch.from_numpy(features.validation), torch.tensor(features.validation_targets)
    found = heads.evaluate(*validation, averaged=False)
    assert heads.trials == [3, 8] == list(found)
    for number in (3, 8):
        alone, loader = head_of(0.2), features.train_loader(16)
        with Recorder(tmp_path / str(number), started=0.0) as recorder:
            trainer = HeadTrainer(
                alone, settings[number], steps_per_epoch=len(loader), batch_size=16, device=CPU, recorder=recorder
            )
            for epoch in range(1, 5):
                trainer.train_epoch(loader.epoch(epoch), epoch)
            result = trainer.validate(features.validation_loader(32).epoch(1))
        together = nn.Linear(NUM, CLASSES)
        heads.load_into(together, number)
        torch.testing.assert_close(together.weight, alone[-1].weight, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together.bias, alone[-1].bias, rtol=1e-4, atol=1e-5)
        assert found[number] == pytest.approx((result.loss, result.accuracy), abs=1e-5)


def test_an_unfinished_trial_is_scored_by_the_mean_of_its_weights_over_the_epoch(features):
    heads = Heads(head_of()[-1], {1: replace(OPTIMIZATION, lr=0.5)}, features.train_loader(16), dropout=0.0, device=CPU)
    validation = torch.from_numpy(features.validation), torch.tensor(features.validation_targets)
    heads.train_to(1)
    seen, original = [], heads._train_step

    def step(*batch):
        original(*batch)
        seen.append([tensor.clone() for tensor in heads._parameters])

    heads._train_step = step
    heads.train_to(3)
    mean = head_of()
    last = seen[len(seen) // 2 :]
    with torch.no_grad():
        mean[-1].weight.copy_(torch.stack([weight[0] for weight, _ in last]).mean(0))
        mean[-1].bias.copy_(torch.stack([bias[0] for _, bias in last]).mean(0))
        logits = mean(validation[0])
    loss = nn.functional.cross_entropy(logits, validation[1]).item()
    assert heads.evaluate(*validation, averaged=True)[1][0] == pytest.approx(loss, rel=1e-5)
    assert heads.evaluate(*validation, averaged=False)[1][0] != pytest.approx(loss, rel=1e-3)


def run(features, folder, settings):
    head = head_of()
    search = Search(HeadSearch.from_dict(settings), OPTIMIZATION, features, head, CPU, folder)
    winner = search.run()
    rows = [json.loads(line) for line in (folder / contract.FILE).read_text().splitlines()]
    return SimpleNamespace(winner=winner, rows=rows, head=head)


def accuracy_of(head, features):
    with torch.no_grad():
        right = head(torch.from_numpy(features.validation)).argmax(1) == torch.tensor(features.validation_targets)
    return right.float().mean().item()


def test_halving_records_every_trial_and_leaves_the_winners_weights(features, tmp_path):
    found = run(features, tmp_path, {"trials": 9})
    assert [row["trial"] for row in found.rows] == list(range(1, 10))
    by_state = {state: [row for row in found.rows if row["state"] == state] for state in ("stopped", "completed")}
    assert [len(by_state["stopped"]), len(by_state["completed"])] == [8, 1]
    assert sorted(len(row["rungs"]) for row in found.rows) == [1] * 6 + [2] * 2 + [3]
    [best] = by_state["completed"]
    assert [rung["epochs"] for rung in best["rungs"]] == [1, 3, 9]
    assert best["values"] == found.winner.values and best["value"] == found.winner.latest.accuracy
    # The survivors were the best at their rung.
    first = {row["trial"]: row["rungs"][0]["value"] for row in found.rows}
    survivors = {row["trial"] for row in found.rows if len(row["rungs"]) > 1}
    assert min(first[trial] for trial in survivors) >= max(first[trial] for trial in set(first) - survivors)
    assert accuracy_of(found.head, features) == pytest.approx(best["value"]) and best["value"] > 0.8
    assert all(row["seconds"] > 0 and row["time"] > 1e9 for row in found.rows)


def test_random_gives_every_trial_all_its_epochs_and_takes_the_best(features, tmp_path):
    space = {"epochs": [2, 6], "batch-size": [16], "optimizer": ["adamw"]}
    found = run(features, tmp_path, {"trials": 5, "strategy": "random", "space": space})
    assert {row["state"] for row in found.rows} == {"completed"}
    assert all(row["rungs"][-1]["epochs"] == row["values"]["epochs"] for row in found.rows)
    assert len({row["values"]["epochs"] for row in found.rows}) > 1
    best = max(found.rows, key=lambda row: (row["value"], -row["rungs"][-1]["loss"]))
    assert found.winner.number == best["trial"]
    assert accuracy_of(found.head, features) == pytest.approx(best["value"])


def test_the_same_seed_gives_the_same_search(features, tmp_path):
    rows = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        rows.append(run(features, tmp_path / name, {"trials": 4}).rows)
    assert [[row["values"], row["rungs"]] for row in rows[0]] == [[row["values"], row["rungs"]] for row in rows[1]]


def test_when_every_trial_diverges_the_error_says_what_to_change(features, tmp_path):
    huge = Features((features.train[0] * 1e25,), features.train_targets, features.validation * 1e25,
                    features.validation_targets, seed=1)  # fmt: skip
    with pytest.raises(TrainingDiverged, match="lower the lr of head-search"):
        run(huge, tmp_path, {"trials": 4, "space": {"lr": [9, 10], "optimizer": ["sgd"], "batch-size": [16]}})
    rows = [json.loads(line) for line in (tmp_path / contract.FILE).read_text().splitlines()]
    assert {row["state"] for row in rows} == {"diverged"} and rows[0]["value"] is None


def test_points_cover_the_space_evenly():
    found = points(DEFAULT_SPACE, 64, seed=1)
    for optimizer, (low, high) in DEFAULT_SPACE["lr"].items():
        rates = [values["lr"] for values in found if values["optimizer"] == optimizer]
        assert len(rates) == 32 and low <= min(rates) and max(rates) <= high
        middle = math.sqrt(low * high)
        assert abs(sum(rate < middle for rate in rates) - 16) <= 3
    assert sorted(sum(values["batch-size"] == size for values in found) for size in (32, 64, 128)) in (
        [21, 21, 22],
        [20, 22, 22],
    )
    assert len({json.dumps(values) for values in found}) == 64
    assert found != points(DEFAULT_SPACE, 64, seed=2)


def test_a_range_of_one_value_gives_that_value():
    settings = HeadSearch.from_dict({"space": {"lr": [0.01, 0.01], "weight-decay": [0.1, 0.1]}})
    assert {(v["lr"], v["weight-decay"]) for v in points(settings.space, 4, 1)} == {(0.01, 0.1)}


@pytest.mark.parametrize(
    ("epochs", "trials", "eta", "expected"),
    [
        (30, 20, 3, [4, 10, 30]),
        (9, 9, 3, [1, 3, 9]),
        (1, 20, 3, [1]),
        (8, 2, 2, [4, 8]),
        (81, 100, 3, [1, 3, 9, 27, 81]),
    ],
)
def test_rungs_end_with_all_epochs_and_leave_at_least_one_trial(epochs, trials, eta, expected):
    assert halving.rungs(epochs, trials, eta) == expected


def test_survivors_are_the_best_and_at_a_tie_the_earlier():
    assert halving.survivors({1: 0.2, 2: 0.9, 3: 0.5, 4: 0.9, 5: 0.1}, 3) == [2, 4]
    assert halving.survivors({1: 0.2, 2: 0.9}, 3) == [2]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"trails": 3}, "head-search has no 'trails'; choose from trials, strategy, eta, space"),
        ({"trials": 1}, "head-search.trials is 1; it must be between 2 and 1000"),
        ({"strategy": "grid"}, "must be one of halving, random"),
        ({"space": {"momentum": [0, 1]}}, "head-search.space.momentum cannot be searched here"),
        ({"space": {"lr": [0, 1]}}, "lr is 0.0; it must be between"),
        ({"space": {"lr": {"sgd": [0.1, 1]}}}, "must have a range for sgd and one for adamw"),
        ({"space": {"weight-decay": [0, 0.1]}}, "low must be above 0"),
        ({"space": {"label-smoothing": [0.2, 0.1]}}, r"must be \[low, high\]"),
        ({"space": {"batch-size": 32}}, "it must be a list"),
        ({"space": {"optimizer": ["adam"]}}, "optimizer is 'adam'; it must be one of sgd, adamw"),
        ({"space": {"epochs": [1, 5]}}, "take epochs out of the space, or use random"),
        ({"space": 3}, "it must map hyperparameters"),
    ],
)
def test_a_mistake_names_the_field(value, message):
    with pytest.raises(HyperparameterError, match=message):
        HeadSearch.from_dict(value)
