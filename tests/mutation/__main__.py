"""`python -m tests.mutation`: plant a sample of faults in the product and expect the nearest tests to notice each.

Exit status 1 when fewer than 95 % are killed, or one lives for which reasons.toml has no reason.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.mutation import server
from tests.mutation.mutants import PACKAGES, Mutant, mutants, sample
from tests.mutation.nearest import tests
from tests.mutation.reasons import Reasons
from tests.mutation.server import Result

TARGET = 0.95


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    reasons = Reasons.load()
    population = [m for m in mutants(options.packages) if options.only in m.name and not reasons.is_equivalent(m)]
    chosen = sample(population, options.count, options.seed)
    print(f"{len(chosen)} of {len(population)} mutants, seed {options.seed}", flush=True)
    started = time.monotonic()
    server.warm_up(assemblies=any("checks" in m.path for m in chosen))
    if failed := failing_unharmed(chosen):
        print(f"{failed} fails on the product as it is: nothing can be said about mutants", file=sys.stderr)
        return 1
    results = list(told(server.run(sorted(chosen, key=lambda m: (m.path, m.number)), options.processes), reasons))
    share = print_figures(results)
    print(f"{time.monotonic() - started:.0f} s")
    unexplained = [r for r in results if not r.killer and reasons.of_survivor(r.mutant) is None]
    return 1 if share < TARGET or unexplained else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES, help="folders; all that are mutated if left out")
    parser.add_argument("--count", type=int, default=1000, help="size of the sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants with this in their name, such as a file's")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args(arguments)


def failing_unharmed(chosen: Iterable[Mutant]) -> str:
    """A nearest test that fails without a fault, or nothing."""
    paths = sorted({path for mutant in chosen for path in tests(mutant.path)})
    return server.failure_unharmed(paths)


def told(results: Iterable[Result], reasons: Reasons) -> Iterator[Result]:
    """The results; each mutant that lives is printed when it is known."""
    for result in results:
        if not result.killer:
            why = reasons.of_survivor(result.mutant) or "no reason in tests/mutation/reasons.toml"
            print(f"lives: {result.mutant.name} (line {result.mutant.line}): {why}", flush=True)
        yield result


def print_figures(results: Sequence[Result]) -> float:
    """A line per package; the share of all that were killed."""
    total = Counter(result.mutant.package for result in results)
    killed = Counter(result.mutant.package for result in results if result.killer)
    for package in sorted(total):
        print(f"{package}: {killed[package]} of {total[package]} killed ({killed[package] / total[package]:.1%})")
    share = killed.total() / total.total() if results else 0.0
    print(f"all: {killed.total()} of {total.total()} killed ({share:.1%})")
    return share


if __name__ == "__main__":
    sys.exit(main())
