"""What `make setup` leaves in the clone's environment: the command, and every package from any folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def _run(*command: str | Path, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_packages_of_the_clone_are_imported_from_anywhere(tmp_path: Path) -> None:
    code = "import checks, config, imgcls.training, kennel.cli, lambdas, localcloud, pipeline, samples, stacks"
    _run(sys.executable, "-I", "-c", code, folder=tmp_path)


def test_the_command_is_beside_the_interpreter(tmp_path: Path) -> None:
    assert "Image classification on Amazon SageMaker" in _run(
        Path(sys.executable).with_name("kennel"), "--help", folder=tmp_path
    )
