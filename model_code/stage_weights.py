"""Turn torchvision's ImageNet weights, or a file of them, into the safetensors file that training jobs read."""

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
        "--from", dest="source", type=Path, metavar="FILE", help=".pth or .safetensors; else a download"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="gets ARCHITECTURE.safetensors")
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
