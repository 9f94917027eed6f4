"""`python -m checks ASSEMBLY_DIR`: print every violation, exit 1 if there is one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from checks.assembly import Assembly, AssemblyError
from checks.controls import violations


def main(arguments: Sequence[str] | None = None) -> int:
    folders = sys.argv[1:] if arguments is None else list(arguments)
    if len(folders) != 1:
        print("usage: python -m checks ASSEMBLY_DIR", file=sys.stderr)
        return 2
    try:
        assembly = Assembly.load(Path(folders[0]))
        found = violations(assembly)
    except AssemblyError as error:
        print(error, file=sys.stderr)
        return 1
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
