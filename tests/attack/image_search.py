"""A search for images of up to 6 MB that cost as much as possible to decode.

    python -m tests.attack.image_search --minutes 20 --keep

begins with the seeds of each format, changes their numbers or their bytes, and goes on from what cost most. `--keep`
writes the worst it found to `worst_images.json`, from where the tests measure them again.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.attack.image_meter import Cost, Meter
from tests.attack.image_seeds.metadata import MAX_BYTES

FORMATS = ("jpeg", "png", "gif", "webp", "tiff", "bmp", "avif")
MAX_MEMORY = 256_000_000
MAX_SECONDS = 1.0
KEPT = Path(__file__).with_name("worst_images.json")
_POOL = 12
_SHORT_SIDES = (256, 2048)
"""The short sides that are asked for: what networks use, and the largest that a model may have."""

Genome = dict[str, int]


@dataclass(frozen=True)
class Found:
    genome: Genome
    cost: Cost
    size: int

    @property
    def badness(self) -> float:
        """At most 1 where the image is within its limits."""
        return max(self.cost.memory / MAX_MEMORY, self.cost.seconds / MAX_SECONDS)


@dataclass
class Search:
    """Of one format. `memory` and `seconds` are the worst so far, `pool` what the next images are made from."""

    name: str
    meter: Meter
    random: random.Random
    tries: int = 0
    accepted: int = 0
    failures: list[Found] = field(default_factory=list)
    memory: Found | None = None
    seconds: Found | None = None
    pool: list[Found] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        for seed in self.seeds():
            self._try(seed)
        while time.monotonic() < ends:
            parent = self.random.choice(self.pool)
            self._try(_changed(parent.genome, self.module.RANGES, self.random), spoil=self.random.random() < 0.15)

    @property
    def module(self) -> Any:
        return import_module(f"tests.attack.image_seeds.{self.name}")

    def seeds(self) -> list[Genome]:
        kept = json.loads(KEPT.read_text()).get(self.name, []) if KEPT.exists() else []
        return [*self.module.SEEDS, *(item["genome"] for item in kept)]

    def _try(self, genome: Genome, *, spoil: bool = False) -> None:
        data = self.module.make(genome)
        if len(data) > MAX_BYTES:
            return
        if spoil:
            data = _spoiled(data, self.random)
        self.tries += 1
        found = Found(genome, self.meter.measure(data), len(data))
        self.accepted += found.cost.code == "ok"
        # A machine that does other things too counts more time than it takes.
        if found.badness > 1 and found.cost.memory <= MAX_MEMORY:
            found = min((Found(genome, self.meter.measure(data), len(data)) for _ in range(2)), key=lambda f: f.badness)
        if found.badness > 1 or found.cost.code.startswith("died"):
            self.failures.append(found)
        if self.memory is None or found.cost.memory > self.memory.cost.memory:
            self.memory = found
        if self.seconds is None or found.cost.seconds > self.seconds.cost.seconds:
            self.seconds = found
        self.pool.append(found)
        self.pool.sort(key=lambda item: item.badness * self.random.uniform(0.7, 1), reverse=True)
        if self.tries > len(self.seeds()):
            del self.pool[_POOL:]


def _changed(genome: Genome, ranges: dict[str, tuple[int, int]], random: random.Random) -> Genome:
    """One to three numbers drawn anew, doubled, halved, or moved by one."""
    changed = dict(genome)
    for name in random.sample(sorted(ranges), random.choice((1, 1, 2, 3))):
        low, high = ranges[name]
        value = changed[name]
        value = random.choice((
            random.randint(low, high), round(low + (high - low) ** random.random()), value * 2, value // 2,
            value + 1, value - 1,
            round(value * random.uniform(0.9, 1.1)),
        ))  # fmt: skip
        changed[name] = min(high, max(low, value))
    return changed


def _spoiled(data: bytes, random: random.Random) -> bytes:
    """Some bytes changed, most of them in the headers, or the end cut off."""
    spoiled = bytearray(data)
    for _ in range(random.choice((1, 2, 8))):
        spoiled[random.randrange(min(len(spoiled), random.choice((64, 1024, len(spoiled)))))] = random.randrange(256)
    return bytes(spoiled[: random.randint(1, len(spoiled))] if random.random() < 0.2 else spoiled)


def table(searches: Sequence[Search]) -> str:
    lines = ["| images | tries | accepted | failures | most memory, MB | longest, s |", "|---|---|---|---|---|---|"]
    for one in searches:
        memory, seconds = (found.cost if found else Cost("", 0, 0) for found in (one.memory, one.seconds))
        numbers = (one.tries, one.accepted, len(one.failures), round(memory.memory / 1e6), round(seconds.seconds, 2))
        lines.append(f"| {one.name} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def keep(searches: Sequence[Search]) -> None:
    """Write the worst of each format, in memory and in time, as the numbers that make them again."""
    worst = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in {one.name for one in searches}:
        own = [one for one in searches if one.name == name]
        found = [item for one in own for item in (one.memory, one.seconds, *one.failures[:5]) if item]
        worst[name] = [
            {
                "genome": item.genome,
                "code": item.cost.code,
                "megabytes": round(item.cost.memory / 1e6),
                "seconds": round(item.cost.seconds, 2),
            }
            for item in {json.dumps(item.genome): item for item in found}.values()
        ]
    KEPT.write_text(json.dumps(dict(sorted(worst.items())), indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--format", choices=FORMATS, action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    searches = []
    names = options.format or FORMATS
    for name in names:
        for side in _SHORT_SIDES:
            with Meter(resize=side) as meter:
                one = Search(name, meter, random.Random(f"{name} {side} {options.seed}"))
                one.run(60 * options.minutes / len(names) / len(_SHORT_SIDES))
            searches.append(one)
            print(table([one]).splitlines()[-1], f"resize {side}", flush=True)
            for failure in one.failures[:5]:
                print("  FAILURE", failure, flush=True)
    print(table(searches))
    if options.keep:
        keep(searches)


if __name__ == "__main__":
    main()
