"""Hyperparameters that exclude one another, or the machine that they are trained on.

`train.py` refuses them; configuration and PlanRun ask first, before anything is paid for.
"""

from __future__ import annotations

from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.training_settings import TrainingSettings


def check(settings: TrainingSettings, *, processes: int = 1, gpu: bool = True) -> None:
    """Raises HyperparameterError with the fix. `processes` train together; without `gpu` they have none."""
    check_features(settings, processes)
    check_batch_size(settings.optimization.batch_size, processes * settings.optimization.accumulation_steps)
    check_compile(settings.optimization.compile, gpu=gpu)


def check_features(settings: TrainingSettings, processes: int) -> None:
    """The rules of feature-cache, feature-views and head-search. Raises HyperparameterError."""
    head, data = settings.head, settings.data
    asked = "head-search" if head.head_search else "feature-cache" if head.feature_cache else None
    if asked is None:
        if head.feature_views > 1:
            raise HyperparameterError("feature-views are views in the feature cache: pass --feature-cache true with it")
        return
    if not settings.network.freeze_backbone:
        raise HyperparameterError(
            f"{asked} uses the features of a backbone that does not change: pass --freeze-backbone true with it"
        )
    if head.feature_views > 1 and data.augmentation == "none":
        raise HyperparameterError(
            f"feature-views {head.feature_views} with augmentation none makes as many equal views: "
            "pass --augmentation light or standard"
        )
    if processes > 1:
        raise HyperparameterError(f"{asked} runs in one process: use one instance with at most one GPU")
    if head.head_search and data.class_weighting == "loss":
        raise HyperparameterError("head-search does not weigh the loss: pass --class-weighting sampler or none")


def check_compile(compiled: bool, *, gpu: bool) -> None:
    """Raises HyperparameterError when torch.compile is asked for where it gains nothing."""
    if compiled and not gpu:
        raise HyperparameterError("compile gains speed on a GPU only, and there is none: pass --compile false")


def check_batch_size(batch_size: int, parts: int) -> None:
    """Raises HyperparameterError where a network would see one image at a time."""
    if batch_size < 2 * parts:
        share = f" in {parts} parts (processes times accumulation-steps)" if parts > 1 else ""
        raise HyperparameterError(
            f"batch-size {batch_size}{share} gives batch normalisation nothing to average: use at least {2 * parts}"
        )
