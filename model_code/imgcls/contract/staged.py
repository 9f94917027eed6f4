"""`staged/<name>.json`: the newest version of a model that passed its gate while the endpoint was off.

PublishModel is its only writer. The document stays when the version is published or rejected: the alias and the model
registry say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from imgcls.contract.alias import Alias

FORMAT = 1
PENDING, APPROVED, REJECTED = "PendingManualApproval", "Approved", "Rejected"
"""Approval statuses of a model package. Approved means that the version passed its smoke test and was published."""


@dataclass(frozen=True)
class Staged:
    """What publishing a version later needs to know.

    `compared_with` is the version that was published for the comparison, empty if none was. `reason` and `accuracy`
    are the quality gate's. `when` is ISO 8601 in UTC.
    """

    name: str
    target_model: str
    compared_with: str
    package_arn: str
    execution: str
    run_uri: str
    reason: str
    accuracy: float
    when: str
    format: int = FORMAT

    @property
    def version(self) -> str:
        return self.target_model.split("/")[1]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Staged:
        """Raises ValueError for a format that this version cannot read."""
        if value.get("format") != FORMAT:
            raise ValueError(
                f"the staged version has format {value.get('format')!r}; this version reads format {FORMAT}"
            )
        return cls(**value)

    def is_published(self, alias: Alias | None) -> bool:
        """Whether it is or was the model's current version."""
        return alias is not None and self.target_model in (alias.current, *alias.previous)


def is_open(approval: str | None) -> bool:
    """Whether a staged version may still be tested and published, by the status of its model package.

    None: the package was deleted. A person who rejects or deletes it in the registry takes the version back; approving
    it there does not replace the smoke test.
    """
    return approval not in (None, REJECTED)
