"""Preparing more images needs hardly more memory: inspections are on disk or in columns."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[3] / "model_code" / "prepare.py"
MAX_BYTES_PER_IMAGE = 500


def draw_noise(folder: Path, num: int, classes: int = 10) -> Path:
    """`num` small images, no two alike."""
    rng = np.random.default_rng(num)
    for index in range(num):
        parent = folder / f"{index % classes:03d}.Class{index % classes}"
        parent.mkdir(parents=True, exist_ok=True)
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(file, "BMP")
        (parent / f"Class{index % classes}_{index:06d}.bmp").write_bytes(file.getvalue())
    return folder


def peak_megabytes(folder: Path, output: Path) -> float:
    """Of the main process; its workers handle one image at a time."""
    command = [sys.executable, str(SCRIPT), "--input", str(folder), "--output", str(output), "--layout", "classes"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


@pytest.mark.slow
def test_memory_hardly_grows_with_the_number_of_images(tmp_path: Path) -> None:
    few, many = (peak_megabytes(draw_noise(tmp_path / f"in{n}", n), tmp_path / f"out{n}") for n in (3_000, 15_000))
    assert (many - few) * 1e6 / 12_000 < MAX_BYTES_PER_IMAGE
