"""`python -m benchmarks [ROW ...]`: measure, print a table, write out/bench.json."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.harness import Row, goals, table

GROUPS = {
    "benchmarks.serving": (
        "serve_null_mms", "serve_null_torchserve", "serve_resnet18_fp32", "serve_resnet18_bf16",
        "serve_resnet18_int8", "serve_p99", "cold_load", "cold_load_model", "memory_model",
    ),
    "benchmarks.loading_images": ("loader_jpeg_decode", "loader_jpeg_pillow", "loader_shard", "loader_shard_raw"),
    "benchmarks.watching": ("debug_overhead",),
    "benchmarks.profiling": ("profiler_overhead",),
    "benchmarks.tuning": ("tuning_head", "tuning_naive"),
    "benchmarks.moving_data": ("packing", "upload"),
    "benchmarks.training": ("train_step", "train_bf16"),
    "benchmarks.synth": ("synth",),
    "benchmarks.embedded": ("embedded_overhead",),
}  # fmt: skip
"""Module -> the rows that its `run(ids)` gives. Imported on use: a group's needs are its own."""

OUTPUT = Path("out/bench.json")


def main(arguments: Sequence[str]) -> int:
    wanted = list(arguments) or list(goals())
    if unknown := set(wanted) - set(goals()):
        print(f"no such row: {', '.join(sorted(unknown))}; choose from {', '.join(goals())}", file=sys.stderr)
        return 1
    rows = []
    for module, ids in GROUPS.items():
        if chosen := [row for row in ids if row in wanted]:
            run: Callable[[Sequence[str]], Iterable[Row]] = importlib.import_module(module).run
            for row in run(chosen):
                print("\n".join(table([row])), flush=True)
                rows.append(row)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps([row.to_dict() for row in rows], indent=1) + "\n")
    missing = set(wanted) - {row.id for row in rows if row.baseline}
    if missing:
        print(f"without a row or a baseline: {', '.join(sorted(missing))}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
