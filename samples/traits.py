"""What distinguishes the classes of the drawn data sets: shape and fur pattern, never colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HEADS = ("round", "long", "square", "heart", "wide")
EARS = ("pointed", "floppy", "round", "long", "bat", "button")
PATTERNS = ("plain", "spots", "bars", "checks", "stripes", "patch", "blaze")

CAT_EARS = ("pointed", "bat")
DOG_EARS = ("floppy", "button", "long")


@dataclass(frozen=True)
class Traits:
    """One animal's appearance. `whiskers` and `slit_eyes` identify a cat."""

    head: str
    ears: str
    pattern: str
    whiskers: bool = False
    slit_eyes: bool = False


def breed(index: int) -> Traits:
    """The traits of breed `index`.

    The three lengths have no common factor, so 5 x 6 x 7 = 210 breeds are distinct and neighbours differ in all three.
    """
    return Traits(HEADS[index % len(HEADS)], EARS[index % len(EARS)], PATTERNS[index % len(PATTERNS)])


def cat(rng: np.random.Generator) -> Traits:
    """A cat: upright ears on a round or wide head, whiskers, slit pupils; any pattern."""
    return Traits(str(rng.choice(("round", "wide"))), str(rng.choice(CAT_EARS)), str(rng.choice(PATTERNS)), True, True)


def dog(rng: np.random.Generator) -> Traits:
    """A dog: hanging or folded ears on a long, square or heart-shaped head; any pattern."""
    return Traits(str(rng.choice(("long", "square", "heart"))), str(rng.choice(DOG_EARS)), str(rng.choice(PATTERNS)))
