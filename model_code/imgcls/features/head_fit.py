"""Train the last layer on cached features, once or in a search, and score the whole network on images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from imgcls.contract.combinations import check_features
from imgcls.contract.training_settings import TrainingSettings
from imgcls.data.augment import AUGMENTATIONS
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
from imgcls.training.data import TrainingData
from imgcls.training.fit import Best, fit
from imgcls.training.interruption import Interrupted, Interruption
from imgcls.training.trainer import Trainer


def wanted(settings: TrainingSettings) -> bool:
    """Whether the last layer is trained on cached features. Raises HyperparameterError for settings that exclude it."""
    check_features(settings, distributed.world_size())
    return settings.head.head_search is not None or settings.head.feature_cache


class HeadFit:
    """Trains the last layer of `network`, which `whole` validates, on features that are cached in `folder`."""

    def __init__(
        self,
        whole: Trainer,
        network: nn.Module,
        settings: TrainingSettings,
        data: TrainingData,
        *,
        folder: Path,
        device: torch.device,
        recorder: Recorder,
    ) -> None:
        self._whole, self._settings, self._data = whole, settings, data
        self._folder, self._device, self._recorder = folder, device, recorder
        self._backbone, self._head = split(network)

    def run(self, records: Path, checkpoints: Checkpoints | None) -> tuple[Best, TrainingSettings]:
        """Train or search. Returns the best epoch and the settings, which include what a search chose.

        The result is that of the whole network on the images of the validation split. A search writes its trials into
        the folder `records`. Raises DataError, TrainingDiverged.
        """
        with self._recorder.timed("feature-pass"):
            features = self.features()
        settings = self._settings
        if settings.head.head_search:
            with self._recorder.timed("head-search"):
                winner = self._search(features, records)
            kept, epoch = winner.latest, winner.optimization.epochs
            settings = replace(settings, optimization=winner.optimization)
            self._recorder.environment(hyperparameters=settings.to_hyperparameters())
        else:
            best = self._train(features, checkpoints)
            kept, epoch = best.result, best.epoch
        with self._recorder.timed("validation-of-images"):
            result = self._whole.validate(self._data.validation.epoch(1))
        print(
            f"on features the head has validation accuracy {kept.accuracy:.4f} and loss {kept.loss:.6f}, the whole "
            f"network on images {result.accuracy:.4f} and {result.loss:.6f}",
            flush=True,
        )
        return Best(result, epoch, self._whole.weights()), settings

    def features(self) -> Features:
        """The features of both splits, reused from the folder where backbone, images and settings are the same.

        Raises DataError, and Interrupted after SIGTERM or Ctrl-C.
        """
        num_features, views = architectures.head(self._head)[1].in_features, self._settings.head.feature_views
        extractor = Extractor(self._backbone, num_features, self._pass(), self._folder)
        train_split, validation_split = self._data.train_split, self._data.validation_split
        with Interruption() as interruption:

            def after_batch() -> None:
                if number := interruption.requested(step=0):
                    raise Interrupted(number, 0, saved=True)  # the finished blocks of the arrays are on the disk

            train = extractor.features(train_split, "train", views, after_batch)
            [validation] = extractor.features(validation_split, "validation", 1, after_batch)
        print(
            f"features of {views * len(train_split) + len(validation_split)} images and views, "
            f"{extractor.reused_rows} of them from an earlier pass; "
            f"the head is trained on {views} {'view' if views == 1 else 'views'} of each image",
            flush=True,
        )
        targets, balanced = train_split.targets, self._settings.data.class_weighting == "sampler"
        return Features(
            train,
            targets,
            validation,
            validation_split.targets,
            self._settings.optimization.seed,
            sampling_weights(targets, len(self._data.labels)) if balanced else None,
        )

    def _pass(self) -> Pass:
        data, optimization = self._settings.data, self._settings.optimization
        return Pass(
            data.preprocessing,
            AUGMENTATIONS[data.augmentation],
            seed=optimization.seed,
            batch_size=data.test_batch_size,
            num_workers=data.num_workers,
            device=self._device,
            bf16=optimization.bf16,
        )

    def _train(self, features: Features, checkpoints: Checkpoints | None) -> Best:
        optimization, data = self._settings.optimization, self._settings.data
        train = features.train_loader(optimization.batch_size)
        weighted = data.class_weighting == "loss"
        trainer = HeadTrainer(
            self._head,
            optimization,
            steps_per_epoch=len(train),
            batch_size=train.batch_size,
            device=self._device,
            recorder=self._recorder,
            class_weights=loss_weights(features.train_targets, len(self._data.labels)) if weighted else None,
            debug=self._settings.debug,
        )
        validation = features.validation_loader(data.test_batch_size)
        best = fit(trainer, train, validation, optimization.epochs, optimization.patience, self._recorder, checkpoints)
        self._head.load_state_dict(best.weights)
        return best

    def _search(self, features: Features, records: Path) -> Trial:
        search = self._settings.head.head_search
        assert search is not None, "the caller has looked"
        winner = Search(search, self._settings.optimization, features, self._head, self._device, records).run()
        for epoch, result in winner.results.items():
            reported = {"train:epoch": epoch, "validation:loss": result.loss, "validation:accuracy": result.accuracy}
            best = {"best:epoch": epoch, "best:validation-accuracy": result.accuracy}
            self._recorder.metrics({**reported, **best}, step=epoch, epoch=epoch)
        return winner
