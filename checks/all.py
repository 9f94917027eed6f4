"""`python -m checks.all [FOLDER]`: synthesize every environment with its rule packs, lint it, run our controls."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ("local", "dev", "prod")
RELEASED = ("dev", "prod")
"""The environments that an account may hold from the last release: checks/releases/ has their record."""
LINT_CONFIG = ROOT / ".cfnlintrc.yaml"


def run(command: Sequence[str], **variables: str) -> str:
    """The output of a command that failed; empty if it succeeded."""
    silent = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **silent, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode else ""


def check(environment: str, folder: Path) -> str:
    """The findings of one environment; empty if there are none. Replaces `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    found = run(
        [sys.executable, "app.py"],
        CDK_OUTDIR=str(folder),
        CDK_CONTEXT_JSON=json.dumps({**context, "env": environment}),
    )
    if found:
        return found
    templates = [str(path) for path in sorted(folder.glob("*.template.json"))]
    lint = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--config-file",
        str(LINT_CONFIG),
        "--template",
        *templates,
    ]
    upgrade = run([sys.executable, "-m", "checks.upgrade", str(folder)]) if environment in RELEASED else ""
    return run(lint) + run([sys.executable, "-m", "checks", str(folder)]) + upgrade


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m checks.all", description=__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=ROOT / "out" / "checks", help="where the assemblies are written"
    )
    folder = parser.parse_args(arguments).folder.resolve()
    with ThreadPoolExecutor(max_workers=2) as pool:
        findings = list(pool.map(lambda name: check(name, folder / name), ENVIRONMENTS))
    for environment, found in zip(ENVIRONMENTS, findings, strict=True):
        print(f"{environment}: {'templates, rule packs and controls passed' if not found else 'findings'}")
        if found:
            print(found, file=sys.stderr)
    return 1 if any(findings) else 0


if __name__ == "__main__":
    sys.exit(main())
