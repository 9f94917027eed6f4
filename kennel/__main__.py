"""The `kennel` command, also as `python -m kennel`: it is run from a clone; the pip package is the client alone."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    if find_spec("kennel.cli") is None:
        sys.exit(
            "The kennel command needs a clone of the repository: run `make setup` there and use its .venv/bin/kennel. "
            "What is installed here is the client: `from kennel import ImageClassifier`."
        )
    from kennel.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
