"""Fit the last layer on kept features, in one training or a search of many, and score the whole network on images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from imgcls import distributed, networks
from imgcls.augment import AUGMENTATIONS
from imgcls.checkpoints import Checkpoints
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.head_search import HeadSearch
from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.data.loader import Dataset
from imgcls.features.backbone import split
from imgcls.features.extract import Extractor, Pass
from imgcls.features.head_search import Search, Trial
from imgcls.features.loader import Features
from imgcls.features.training import HeadTrainer
from imgcls.fitting import Best, fit
from imgcls.recipe import Recipe
from imgcls.recording import Recorder


def wanted(values: Mapping[str, Any]) -> bool:
    """Whether the hyperparameters ask for kept features. Raises HyperparameterError when they ask for what cannot be."""
    asked = next((name for name in ("head-search", "feature-cache") if values[name]), None)
    if asked is None:
        if values["feature-views"] > 1:
            raise HyperparameterError("feature-views are views in the feature cache: pass --feature-cache true with it")
        return False
    if not values["freeze-backbone"]:
        raise HyperparameterError(
            f"{asked} works on the answers of a backbone that does not change: pass --freeze-backbone true with it"
        )
    if values["feature-views"] > 1 and values["augmentation"] == "none":
        raise HyperparameterError(
            f"feature-views {values['feature-views']} with augmentation none makes as many equal views: "
            "pass --augmentation light or standard"
        )
    if distributed.world_size() > 1:
        raise HyperparameterError(f"{asked} works in one process: use one instance with at most one GPU")
    if values["head-search"]:
        HeadSearch.from_dict(values["head-search"])
        if values["class-weighting"] == "loss":
            raise HyperparameterError("head-search does not weigh the loss: pass --class-weighting sampler or none")
    return True


@dataclass(frozen=True)
class Splits:
    """Both splits, and the weights that answer unequal classes, if any: see `class_balance`."""

    train: Dataset
    validation: Dataset
    class_weights: np.ndarray | None = None
    sampling_weights: Sequence[float] | np.ndarray | None = None


class HeadFit:
    """Trains the last layer of one network on its own features. `folder` keeps these, `records` gets trials.jsonl."""

    def __init__(
        self,
        network: nn.Module,
        spec: Preprocessing,
        splits: Splits,
        values: Mapping[str, Any],
        *,
        folder: Path,
        records: Path,
        device: torch.device,
        recorder: Recorder,
    ) -> None:
        self._values, self._splits, self._spec = values, splits, spec
        self._device, self._recorder, self._folder, self._records = device, recorder, folder, records
        self._backbone, self._head = split(network)
        self._head.to(device)

    def run(self, checkpoints: Checkpoints | None) -> tuple[Best, dict[str, Any]]:
        """The head that is kept, its weights in the network already, and the hyperparameters that a search chose."""
        with self._recorder.timed("feature-pass"):
            features = self.features()
        if not self._values["head-search"]:
            return self._train(features, checkpoints), {}
        with self._recorder.timed("head-search"):
            winner = self._search(features)
        return Best(winner.latest, winner.recipe.epochs, {}), winner.values

    def features(self) -> Features:
        """Of both splits, read from the folder where they are those of this backbone and these images."""
        values, linear = self._values, networks.head(self._head)[1]
        settings = Pass(
            self._spec,
            AUGMENTATIONS[values["augmentation"]],
            seed=values["seed"],
            batch_size=values["test-batch-size"],
            num_workers=values["num-workers"],
            device=self._device,
            bf16=values["train-precision"] == "bf16",
        )
        extractor = Extractor(self._backbone, linear.in_features, settings, self._folder)
        views = values["feature-views"]
        train = extractor.features(self._splits.train, "train", views)
        validation = extractor.features(self._splits.validation, "validation", 1)
        total = views * len(self._splits.train) + len(self._splits.validation)
        print(
            f"features of {total} images and views, {extractor.reused_rows} of them from an earlier pass; "
            f"the head is trained on {views} {'view' if views == 1 else 'views'} of each image",
            flush=True,
        )
        return Features(
            train,
            self._splits.train.targets,
            validation[0],
            self._splits.validation.targets,
            values["seed"],
            self._splits.sampling_weights,
        )

    def _train(self, features: Features, checkpoints: Checkpoints | None) -> Best:
        values = self._values
        train = features.train_loader(values["batch-size"])
        recipe = Recipe.from_hyperparameters(values, jitter=0.0)
        trainer = HeadTrainer(
            self._head,
            recipe,
            steps_per_epoch=len(train),
            batch_size=train.batch_size,
            device=self._device,
            recorder=self._recorder,
            class_weights=self._splits.class_weights,
        )
        validation = features.validation_loader(values["test-batch-size"])
        best = fit(trainer, train, validation, recipe.epochs, values["patience"], self._recorder, checkpoints)
        self._head.load_state_dict(best.weights)
        return best

    def _search(self, features: Features) -> Trial:
        settings = HeadSearch.from_dict(self._values["head-search"])
        winner = Search(settings, self._values, features, self._head, self._device, self._records).run()
        self._recorder.environment(hyperparameters={**self._values, **winner.values})
        for epoch, result in winner.results.items():
            reported = {"train:epoch": epoch, "validation:loss": result.loss, "validation:accuracy": result.accuracy}
            best = {"best:epoch": epoch, "best:validation-accuracy": result.accuracy}
            self._recorder.metrics({**reported, **best}, step=epoch, epoch=epoch)
        return winner
