"""Pack externally trained weights as the model.tar.gz that a training job would produce."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from imgcls.artifacts import archives, imported_weights
from imgcls.contract.artifact import ARCHITECTURES, ArtifactError, Preprocessing
from imgcls.networks.architectures import NetworkError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    if not options.weights.is_file():
        print(f"{options.weights} does not exist or is not a file", file=sys.stderr)
        return 1
    try:
        with tempfile.TemporaryDirectory() as folder:
            imported_weights.write(
                Path(folder),
                options.weights,
                name=options.name,
                architecture=options.architecture,
                labels=json.loads(options.labels.read_text()),
                classes=json.loads(options.classes.read_text()),
                preprocessing=Preprocessing.from_dict(json.loads(options.preprocessing)),
            )
            archives.pack(Path(folder), options.output)
    except (NetworkError, ArtifactError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("weights", type=Path, help="a state_dict, .pth or .safetensors")
    parser.add_argument("--name", required=True, help="the model's name")
    parser.add_argument("--architecture", required=True, choices=ARCHITECTURES)
    parser.add_argument(
        "--labels", type=Path, required=True, help="file: JSON list, in the order of the network's outputs"
    )
    parser.add_argument("--classes", type=Path, required=True, help="file: the same list in the data set's order")
    parser.add_argument("--preprocessing", default="{}", help="JSON object: resize, crop, mean, std")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the archive to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
