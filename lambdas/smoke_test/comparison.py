"""Compares the endpoint's answers with those of the evaluation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imgcls.contract.evaluation import GOLDEN_TOLERANCE, Golden


class SmokeTestFailed(RuntimeError):
    """The endpoint's answer differs from the evaluation's; the message names the image and the difference."""


def check(golden: Golden, answer: Mapping[str, Any], version: str) -> None:
    """Compare one answer in the `full` format. Raises SmokeTestFailed."""
    image = golden.file + (f" (request {answer['request']})" if "request" in answer else "")
    if answer.get("version") != version:
        raise SmokeTestFailed(f"{image}: version {answer.get('version')} answered instead of {version}")
    if answer["label"] != golden.label:
        raise SmokeTestFailed(
            f"{image}: the endpoint predicts {answer['label']}, the evaluation predicted {golden.label}"
        )
    difference = largest_difference(answer["probabilities"], golden.probabilities)
    if not difference <= GOLDEN_TOLERANCE:
        raise SmokeTestFailed(
            f"{image}: a probability differs by {difference:.4f} from the evaluation's; "
            f"at most {GOLDEN_TOLERANCE} is allowed"
        )


def largest_difference(answered: Iterable[float], expected: Iterable[float]) -> float:
    """Raises SmokeTestFailed if the numbers of classes differ."""
    pairs = (list(answered), list(expected))
    if len(pairs[0]) != len(pairs[1]):
        raise SmokeTestFailed(
            f"the endpoint answers with {len(pairs[0])} probabilities, the evaluation had {len(pairs[1])}"
        )
    return max(abs(left - right) for left, right in zip(*pairs, strict=True))
