"""The licences in a bill of materials against those that are allowed: `python -m checks.licences BILL [...]`.

A bill is a CycloneDX document (`make sbom`). `licences.toml` lists the licences, and the packages that are used under
another one, each with its reason. Of `A OR B` one is enough; everything else that a package declares must be allowed.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("licences.toml")


@dataclass(frozen=True)
class Rules:
    """`exceptions`: (package, what it declares), both with `*` for anything."""

    allowed: frozenset[str]
    empty: frozenset[str]
    exceptions: tuple[tuple[str, str], ...]

    def permit(self, package: str, declared: Sequence[str]) -> bool:
        named = [licence for licence in declared if licence not in self.empty]
        if named and all(self._allows(licence) for licence in named):
            return True
        text = ", ".join(named)
        return any(fnmatchcase(package, name) and fnmatchcase(text, pattern) for name, pattern in self.exceptions)

    def _allows(self, licence: str) -> bool:
        """Parentheses are in no licence that is allowed, so that an expression with them is one to read."""
        if licence in self.allowed:
            return True
        choices = [] if "(" in licence else licence.split(" OR ")
        return any(all(part in self.allowed for part in choice.split(" AND ")) for choice in choices)


def read_rules(path: Path = TABLE) -> Rules:
    """Raises ValueError for an exception without a reason."""
    table = tomllib.loads(path.read_text())
    for exception in table["exception"]:
        if not exception.get("reason"):
            raise ValueError(f"{path.name}: {exception['package']} has no reason")
    exceptions = tuple((exception["package"], exception["declared"]) for exception in table["exception"])
    return Rules(frozenset(table["allowed"]), frozenset(table["empty"]), exceptions)


def findings(bill: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    """A sentence per package whose licence is not allowed."""
    for component in bill["components"]:
        declared = list(_declared(component.get("licenses", ())))
        if not rules.permit(component["name"], declared):
            yield (
                f"{component['name']} {component['version']} declares {', '.join(declared) or 'no licence'}, which "
                f"{TABLE.name} does not allow: read its licence, then replace the package or give the reason there"
            )


def _declared(licences: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for item in licences:
        licence = item.get("license", {})
        yield item.get("expression") or licence.get("id") or licence.get("name", "")


def main(arguments: Sequence[str]) -> int:
    rules, num_packages = read_rules(), 0
    found: list[str] = []
    for name in arguments:
        bill = json.loads(Path(name).read_text())
        num_packages += len(bill["components"])
        found += findings(bill, rules)
    print("\n".join(found) or f"the licences of {num_packages} packages are allowed", file=sys.stderr)
    return 1 if found or not num_packages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
