"""Fit the last layer on kept features, in one training or a search of many, and score the whole network on images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.head_search import HeadSearch
from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.loader import Dataset, Loader
from imgcls.features.backbone import split
from imgcls.features.extract import Extractor, Pass
from imgcls.features.head_search import Search, Trial
from imgcls.features.loader import Features
from imgcls.features.training import HeadTrainer
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.runtime import distributed
from imgcls.training.checkpoints import Checkpoints
from imgcls.training.class_balance import loss_weights, sampling_weights
from imgcls.training.fit import Best, fit
from imgcls.training.interruption import Interrupted, Interruption
from imgcls.training.recipe import Recipe
from imgcls.training.trainer import Trainer


def wanted(values: Mapping[str, Any]) -> bool:
    """Whether the hyperparameters ask for kept features. Raises HyperparameterError for what cannot be."""
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


class HeadFit:
    """Trains the last layer of `whole`'s network on its own features: `folder` keeps them."""

    def __init__(
        self,
        whole: Trainer,
        network: nn.Module,
        spec: Preprocessing,
        values: Mapping[str, Any],
        train: Dataset,
        validation: Dataset,
        *,
        folder: Path,
        device: torch.device,
        recorder: Recorder,
    ) -> None:
        self._whole, self._spec, self._values = whole, spec, values
        self._train_split, self._validation_split = train, validation
        self._folder, self._device, self._recorder = folder, device, recorder
        self._backbone, self._head = split(network)

    def run(
        self, images: Loader, records: Path, debug: DebugSettings, checkpoints: Checkpoints | None
    ) -> tuple[Best, dict[str, Any]]:
        """The head that is kept, and the hyperparameters that a search chose; `records` gets the search's trials.

        The result is the whole network's on `images`, the validation split. Raises DataError, TrainingDiverged.
        """
        with self._recorder.timed("feature-pass"):
            features = self.features()
        chosen: dict[str, Any] = {}
        if self._values["head-search"]:
            with self._recorder.timed("head-search"):
                winner = self._search(features, records)
            kept, epoch, chosen = winner.latest, winner.recipe.epochs, winner.values
        else:
            best = self._train(features, debug, checkpoints)
            kept, epoch = best.result, best.epoch
        with self._recorder.timed("validation-of-images"):
            result = self._whole.validate(images.epoch(1))
        print(
            f"on features the head has validation accuracy {kept.accuracy:.4f} and loss {kept.loss:.6f}, the whole "
            f"network on images {result.accuracy:.4f} and {result.loss:.6f}",
            flush=True,
        )
        return Best(result, epoch, self._whole.weights()), chosen

    def features(self) -> Features:
        """Of both splits, read from the folder where they are those of this backbone and these images.

        Raises DataError, and Interrupted after SIGTERM or Ctrl-C.
        """
        values, linear = self._values, architectures.head(self._head)[1]
        settings = Pass(
            self._spec,
            AUGMENTATIONS[values["augmentation"]],
            seed=values["seed"],
            batch_size=values["test-batch-size"],
            num_workers=values["num-workers"],
            device=self._device,
            bf16=values["train-precision"] == "bf16",
        )
        extractor, views = (
            Extractor(self._backbone, linear.in_features, settings, self._folder),
            values["feature-views"],
        )
        with Interruption() as interruption:

            def after_batch() -> None:
                if number := interruption.requested(step=0):
                    raise Interrupted(number, 0, saved=True)  # as the finished blocks of the arrays

            train = extractor.features(self._train_split, "train", views, after_batch)
            validation = extractor.features(self._validation_split, "validation", 1, after_batch)
        total = views * len(self._train_split) + len(self._validation_split)
        print(
            f"features of {total} images and views, {extractor.reused_rows} of them from an earlier pass; "
            f"the head is trained on {views} {'view' if views == 1 else 'views'} of each image",
            flush=True,
        )
        balanced = values["class-weighting"] == "sampler"
        return Features(
            train,
            self._train_split.targets,
            validation[0],
            self._validation_split.targets,
            values["seed"],
            sampling_weights(self._train_split.targets, linear.out_features) if balanced else None,
        )

    def _train(self, features: Features, debug: DebugSettings, checkpoints: Checkpoints | None) -> Best:
        values = self._values
        train = features.train_loader(values["batch-size"])
        recipe = Recipe.from_hyperparameters(values, jitter=0.0)
        linear, weighted = architectures.head(self._head)[1], values["class-weighting"] == "loss"
        trainer = HeadTrainer(
            self._head,
            recipe,
            steps_per_epoch=len(train),
            batch_size=train.batch_size,
            device=self._device,
            recorder=self._recorder,
            class_weights=loss_weights(features.train_targets, linear.out_features) if weighted else None,
            debug=debug,
        )
        validation = features.validation_loader(values["test-batch-size"])
        best = fit(trainer, train, validation, recipe.epochs, values["patience"], self._recorder, checkpoints)
        self._head.load_state_dict(best.weights)
        return best

    def _search(self, features: Features, records: Path) -> Trial:
        settings = HeadSearch.from_dict(self._values["head-search"])
        winner = Search(settings, self._values, features, self._head, self._device, records).run()
        self._recorder.environment(hyperparameters={**self._values, **winner.values})
        for epoch, result in winner.results.items():
            reported = {"train:epoch": epoch, "validation:loss": result.loss, "validation:accuracy": result.accuracy}
            best = {"best:epoch": epoch, "best:validation-accuracy": result.accuracy}
            self._recorder.metrics({**reported, **best}, step=epoch, epoch=epoch)
        return winner
