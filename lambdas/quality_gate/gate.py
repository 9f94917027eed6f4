"""Whether a candidate is good enough to be published. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imgcls.contract.evaluation import Evaluation
from lambdas.quality_gate.environment import Environment


@dataclass(frozen=True)
class Verdict:
    """`reasons` are those against it; `reason` is one line for either verdict."""

    passed: bool
    reasons: tuple[str, ...]
    reason: str
    accuracy: float
    champion_accuracy: float | None


def judge(evaluation: Evaluation, thresholds: Environment) -> Verdict:
    """The verdict on the locked test split. If nothing is published, there is no champion to compare with."""
    reasons = tuple(_objections(evaluation, thresholds))
    champion = evaluation.champion.accuracy if evaluation.champion else None
    return Verdict(
        passed=not reasons,
        reasons=reasons,
        reason="; ".join(reasons) or _praise(evaluation, champion),
        accuracy=evaluation.accuracy,
        champion_accuracy=champion,
    )


def _objections(evaluation: Evaluation, thresholds: Environment) -> Iterator[str]:
    if evaluation.num_images == 0:
        yield "the test split does not contain images"
    # `not >=` instead of `<`: NaN must not pass.
    if not evaluation.accuracy >= thresholds.min_accuracy:
        yield f"accuracy {evaluation.accuracy:.4f} is below gate.min_accuracy {thresholds.min_accuracy:g}"
    if evaluation.published_labels == "other":
        yield (
            "the version published under this name has other labels: train under another name with --as NAME, or "
            "replace it with --replace-labels"
        )
    champion = evaluation.champion
    if champion and not evaluation.accuracy >= champion.accuracy - thresholds.max_regression:
        yield (
            f"accuracy {evaluation.accuracy:.4f} is more than gate.max_regression {thresholds.max_regression:g} below "
            f"the published model's {champion.accuracy:.4f} on the same images"
        )
    if not evaluation.latency_ms <= thresholds.max_latency_ms:
        yield f"latency {evaluation.latency_ms:.1f} ms is above gate.max_latency_ms {thresholds.max_latency_ms:g}"
    if not evaluation.agreement_with_fp32 >= thresholds.min_fp32_agreement:
        yield (
            f"{evaluation.precision} agrees with fp32 on {evaluation.agreement_with_fp32:.4f} of the images, below "
            f"gate.min_fp32_agreement {thresholds.min_fp32_agreement:g}"
        )


def _praise(evaluation: Evaluation, champion: float | None) -> str:
    compared = "nothing was published before"
    if champion is not None:
        compared = f"the published model has {champion:.4f}"
    elif evaluation.published_labels == "replaced":
        compared = "it replaces a model with other labels"
    elif evaluation.published_labels == "same":
        compared = "not compared with the published model, which was scored on other images"
    return f"accuracy {evaluation.accuracy:.4f} on {evaluation.num_images} test images; {compared}"
