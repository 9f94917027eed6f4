"""Convert torchvision's ImageNet weights, downloaded or from a file, to the safetensors file of training jobs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from imgcls.networks.architectures import NetworkError
from imgcls.networks.pretrained import stage


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("architecture")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FILE", help=".pth or .safetensors; without it they are downloaded"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="where ARCHITECTURE.safetensors is written"
    )
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        print(stage(options.architecture, options.source, options.output))
    except NetworkError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
