"""The image table: which command runs a container image on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Required, TypedDict

ImageKind = Literal["training", "processing", "serving"]


class ImageRow(TypedDict, total=False):
    """An ImageCommand in a JSON file."""

    pattern: Required[str]
    kind: Required[ImageKind]
    command: list[str]
    environment: dict[str, str]
    given: bool


@dataclass(frozen=True)
class ImageCommand:
    """One row of the caller's table: which images it covers and how to run them here.

    pattern: fnmatch pattern over the image URI, e.g. "*/pytorch:*".
    kind: "training" runs AWS's sagemaker-training toolkit, "processing" the job's container entrypoint, "serving" a
        command that serves HTTP on the port in SAGEMAKER_BIND_TO_PORT.
    command: serving: the argv; processing: the interpreter prefix where the entrypoint needs one.
    environment: variables added to the process.
    given: the image counts as pushed. Others that name the account's own registry must be in its ECR.
    """

    pattern: str
    kind: ImageKind
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    given: bool = False

    @classmethod
    def from_json(cls, row: ImageRow) -> ImageCommand:
        """Read a row of the table that `python -m localcloud --images` takes."""
        unknown = set(row) - set(ImageRow.__annotations__)
        if unknown:
            raise ValueError(f"image row has unknown fields {sorted(unknown)}")
        if row["kind"] not in ("training", "processing", "serving"):
            raise ValueError(f"image row {row['pattern']}: kind must be training, processing or serving")
        command, environment = tuple(row.get("command", ())), dict(row.get("environment", {}))
        return cls(row["pattern"], row["kind"], command, environment, row.get("given", False))


class UnknownImageError(LookupError):
    """No row of the image table covers an image."""
