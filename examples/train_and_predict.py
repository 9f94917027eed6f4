"""Train from a folder of class folders and predict with the artifact: no cloud, no account.

    python examples/train_and_predict.py [FOLDER]

Without FOLDER it draws its own pictures. Prints the label of one held-out picture beside the right one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from samples import draw

ROOT = Path(__file__).resolve().parents[1]


def main(folder: Path, output: Path) -> tuple[str, str]:
    """(predicted, right) label of the first test picture of `folder`, which has train/, valid/ and test/."""
    training: list[str | Path] = [
        sys.executable, ROOT / "model_code" / "train.py", "--architecture", "simple_cnn", "--pretrained", "false",
        "--train", folder / "train", "--validation", folder / "valid", "--model-dir", output,
        "--preprocessing", '{"resize": 72, "crop": 64}', "--epochs", "4", "--batch-size", "16",
    ]  # fmt: skip
    subprocess.run(training, check=True)
    picture = min((folder / "test").glob("*/*"))
    command: list[str | Path] = [sys.executable, "-m", "kennel", "predict", picture, "--artifact", output, "--json"]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    predicted: str = json.loads(answer)[0]["label"]
    return predicted, picture.parent.name.partition(".")[2]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "pictures"
        if len(sys.argv) < 2:
            draw(source, "breeds", 3, 60, 1)
        predicted, right = main(source, Path(scratch) / "model")
        print(f"predicted {predicted}, right is {right}")
