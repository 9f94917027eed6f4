"""A data set after its check: its images, the decision about each, and whether it is fit for training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.manifest import Header
from imgcls.preparation.assessment import Assessment
from imgcls.preparation.decision import Decision


@dataclass(frozen=True)
class CheckedDataset:
    """Everything that is known about a data set before anything is written."""

    folder: Path
    is_split: bool
    settings: DatasetSettings
    header: Header
    decision: Decision
    assessment: Assessment
