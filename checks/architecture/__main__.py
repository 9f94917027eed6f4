"""`python -m checks.architecture [--write]`: check or rewrite the pictures of docs/architecture.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from checks.architecture.packages import PAGE
from checks.architecture.pictures import blocks, is_current, updated


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m checks.architecture", description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite the generated parts of the page")
    if parser.parse_args(arguments).write:
        PAGE.write_text(updated(PAGE.read_text(), blocks()))
    if is_current():
        return 0
    print("docs/architecture.md is out of date: run python -m checks.architecture --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
