"""`promotion.json`: what a version was where it comes from, beside its archive on the way into another environment.

It lists the SHA-256 of the archive, which is the version's identity, and of every other file. Whoever promotes hands
over the SHA-256 of this document, its digest: so one digest stands for all that the version is judged and tested by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

FORMAT = 1
FILE = "promotion.json"
EVALUATION = "taken-evaluation.json"
"""What evaluation.json is called in the folder of the run that promotes: PlanRun writes one of another comparison."""
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Promotion:
    """`sha256` is the archive's, `files` are the others: relative path -> SHA-256; all in hex.

    `source_package` is the ARN of the model package without its account. `accuracy` and `num_images` are those of the
    test split of `manifest_id`. `when` is ISO 8601 in UTC.
    """

    model: str
    version: str
    sha256: str
    architecture: str
    labels: tuple[str, ...]
    preprocessing: Mapping[str, Any]
    response_format: str
    precision: str
    dataset: str
    manifest_id: str
    training_job: str
    accuracy: float
    num_images: int
    source_project: str
    source_environment: str
    source_package: str
    who: str
    when: str
    files: Mapping[str, str]
    format: int = FORMAT

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "labels": list(self.labels)}

    @classmethod
    def from_dict(cls, value: Any) -> Promotion:
        """Raises ValueError for a document that this version cannot read."""
        if not isinstance(value, Mapping) or value.get("format") != FORMAT:
            found = value.get("format") if isinstance(value, Mapping) else None
            raise ValueError(f"{FILE} has format {found!r}; this version reads format {FORMAT}")
        if different := set(value) ^ {f.name for f in fields(cls)}:
            raise ValueError(f"{FILE} has unknown or missing fields: {', '.join(sorted(different))}")
        return cls(**{**value, "labels": tuple(value["labels"])})

    def lineage(self) -> dict[str, str]:
        """What the target's model package says of where the version comes from."""
        names = ("sha256", "source_project", "source_environment", "source_package")
        return {name: getattr(self, name) for name in names}


def without_account(arn: str) -> str:
    """`arn` with an empty account: it may be shown where account numbers may not."""
    parts = arn.split(":", 5)
    return ":".join([*parts[:4], "", *parts[5:]])
