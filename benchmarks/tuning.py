"""The rows about searching a last layer: all trials beside one pass of the backbone, and beside trials one by one."""

from __future__ import annotations

import copy
import io
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks import learning_curves, naive_trial
from benchmarks.harness import Row, goals, interleave, make_row, medians
from benchmarks.tuning_data import ARCHITECTURE, backbone_network, splits
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.head_search import HeadSearch
from imgcls.contract.optimization import Optimization
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.loader import Loader
from imgcls.features.backbone import split
from imgcls.features.extract import Extractor, Pass
from imgcls.features.head_search import Search, Trial
from imgcls.features.loader import Features
from imgcls.networks import architectures
from imgcls.training.inputs import InputMaker, on_device

TRIALS, EPOCHS = 20, 10
MAX_LOGIT_DIFFERENCE = 1e-4
CPU = torch.device("cpu")
OPTIMIZATION = Optimization(epochs=EPOCHS)


def run(ids: Sequence[str]) -> Iterator[Row]:
    bench = HeadSearchBench()
    names = {"20 trials": bench.search, "one feature pass": bench.one_pass, "control": bench.search}
    rounds = interleave(names)
    noise = medians(rounds)["control"] / medians(rounds)["20 trials"]
    title = f"{TRIALS} trials of {ARCHITECTURE}'s last layer, {EPOCHS} epochs, feature pass included"
    size = f"{len(bench.train)} images to train, {len(bench.validation)} to validate"
    if "tuning_head" in ids:
        share = learning_curves.median_share(seeds=20)
        if share > learning_curves.MAX_SHARE:
            raise AssertionError(f"halving needs {share:.2f} of random search's epochs to reach its best")
        notes = [
            size,
            bench.check(),
            f"on recorded learning curves halving reaches random search's best in {share:.2f}x of its epochs",
        ]
        yield make_row(
            "tuning_head", title, "s", "lower", rounds,
            ours="20 trials", control="control", only=("one feature pass",), notes=notes,
        )  # fmt: skip
    if "tuning_naive" in ids:
        naive = naive_trial.run(bench.untrained, bench.train, bench.validation, bench.spec, EPOCHS)
        value = medians(rounds)["20 trials"]
        told = f"20 naive trials are one measured trial ({naive.seconds:.1f} s, accuracy {naive.accuracy:.3f}) times 20"
        yield Row(
            "tuning_naive", title, value, "s", "lower", {"20 naive trials": TRIALS * naive.seconds},
            [*rounds, {"one naive trial": naive.seconds}], goals()["tuning_naive"], noise, (size, told),
        )  # fmt: skip


class HeadSearchBench:
    """The search as train.py runs it, on features that each measurement makes anew."""

    def __init__(self) -> None:
        self.spec = Preprocessing()
        self.train, self.validation = splits()
        self.network = backbone_network(self.train, self.spec)
        self.untrained = copy.deepcopy(self.network)
        self._winner: Trial | None = None
        self._kept = np.empty(0)

    def one_pass(self) -> float:
        """Seconds of the backbone's pass over both splits, from files to arrays on the disk."""
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            self.features(split(self.network)[0], Path(folder))
            return time.perf_counter() - begin

    def search(self) -> float:
        """Seconds of the same pass and of all trials. The winner's weights stay in the network."""
        self.network.load_state_dict(self.untrained.state_dict())
        begin = time.perf_counter()
        backbone, head = split(self.network)
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            features = self.features(backbone, Path(folder))
            self._winner = Search(HeadSearch(trials=TRIALS), OPTIMIZATION, features, head, CPU, Path(folder)).run()
            seconds = time.perf_counter() - begin
            self._kept = np.array(features.validation)
            return seconds

    def check(self) -> str:
        """Score the winner again from JPEGs by the whole network. Raises AssertionError when it is another."""
        assert self._winner is not None, "nothing was searched"
        with torch.no_grad():
            kept = split(self.network)[1].eval()(torch.from_numpy(self._kept))
            images = Loader(self.validation, self.spec, 64).epoch(1)
            inputs = InputMaker(self.spec, CPU, jitter=0.0, seed=0, compiled=False)
            logits = torch.cat([self.network(inputs.plain(batch.tensors()[0])) for batch in on_device(images, CPU)])
        accuracy = float((logits.argmax(1) == torch.tensor(self.validation.targets)).double().mean())
        difference = float((logits - kept).abs().max())
        if abs(accuracy - self._winner.latest.accuracy) > 1e-6 or difference > MAX_LOGIT_DIFFERENCE:
            raise AssertionError(
                f"from images the winner has accuracy {accuracy}, from features {self._winner.latest.accuracy}; "
                f"its logits differ by {difference:.2g}"
            )
        chance = 1 / len(self.validation.labels)
        if accuracy < 2 * chance:
            raise AssertionError(f"the winner has accuracy {accuracy:.3f}, where guessing has {chance:.3f}")
        return f"the winner's accuracy from JPEGs is {accuracy:.3f}; its logits differ by at most {difference:.1g}"

    def features(self, backbone: nn.Module, folder: Path) -> Features:
        settings = Pass(self.spec, AUGMENTATIONS["none"], seed=1, batch_size=64, num_workers=-1, device=CPU)
        extractor = Extractor(backbone, architectures.head(self.network)[1].in_features, settings, folder)
        [train] = extractor.features(self.train, "train", 1)
        [validation] = extractor.features(self.validation, "validation", 1)
        return Features((train,), self.train.targets, validation, self.validation.targets, seed=1)
