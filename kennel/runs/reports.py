"""Reports of an execution: copied from the artifacts bucket, or rendered here if the run failed before it could."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcls.contract import keys, unpacking
from imgcls.contract.unpacking import ArchiveError, Limits
from imgcls.reports.index import render_index
from imgcls.reports.search import render_searches
from imgcls.reports.write import write_training_reports
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.runs import executions, trials
from kennel.runs.executions import Run

KINDS = ("training", "profiler", "evaluation", "data", "search")
SUFFIX = "-report.html"
INDEX = "index.html"
NO_MODELS = ("plan", "parts")
"""Folders of a run that do not belong to a model."""
_RECORDS = "output.tar.gz"
_MAX_RECORDS_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Report:
    """One page on this machine. `model` is empty for the data and search reports, which are about the whole run."""

    model: str
    kind: str
    path: Path


def fetch(
    session: Session, execution: str, folder: Path, *, model: str = "", kinds: tuple[str, ...] = KINDS
) -> list[Report]:
    """Copy or render an execution's reports into `folder`, with an index, in reading order.

    Raises KennelError if there is no such execution or model, or no report yet.
    """
    run = executions.describe(session, execution)
    _draw_searches(session, run, folder, model)
    found = [report for report in _fetch_all(_Bucket(session), run, folder, model) if report.kind in kinds]
    if not found:
        wanted = "report" if kinds == KINDS else f"{' or '.join(kinds)} report"
        raise KennelError(
            f"{execution} ({run.status}) has no {wanted}{f' of {model}' if model else ''}: "
            f"`kennel pipeline show {execution}` shows its progress"
        )
    rows = [(report.model or "All models", report.kind, str(report.path.relative_to(folder))) for report in found]
    (folder / INDEX).write_text(render_index(f"Reports of {execution}", run.status, rows))
    return found


def _draw_searches(session: Session, run: Run, folder: Path, model: str) -> None:
    """Render the trials of the run's searches, as the service lists them."""
    found = [search for search in trials.of_run(session, run) if model in ("", search.model)]
    if found:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"search{SUFFIX}").write_text(render_searches(f"Searches of {run.name}", run.status, found))


def _fetch_all(bucket: _Bucket, run: Run, folder: Path, model: str) -> list[Report]:
    models = [name for name in bucket.folders(keys.RUNS + f"{run.name}/") if name not in NO_MODELS]
    if model and model not in models:
        known = ", ".join(models) or "not known yet"
        raise KennelError(f"{run.name} does not have a model {model}; its models are {known}")
    for name in [model] if model else models:
        bucket.copy(keys.reports(run.name, name), folder / name)
        if not (folder / name / f"training{SUFFIX}").is_file():
            _render(bucket, keys.output(run.name, name), folder / name)
    if manifest_id := _manifest_id(run):
        bucket.copy(keys.prepared(manifest_id) + "reports/", folder)
    return _listed(folder, [model] if model else models)


def _listed(folder: Path, models: list[str]) -> list[Report]:
    places = [("", folder), *((name, folder / name) for name in models)]
    pages = [(name, kind, place / f"{kind}{SUFFIX}") for name, place in places for kind in KINDS]
    return [Report(name, kind, path) for name, kind, path in pages if path.is_file()]


def _render(bucket: _Bucket, prefix: str, folder: Path) -> None:
    """The training and profiler reports from the records of the newest job, if there are any."""
    archives = [item for item in bucket.objects(prefix) if item["Key"].endswith(f"/{_RECORDS}")]
    if not archives:
        return
    newest = max(archives, key=lambda item: item["LastModified"])
    with tempfile.TemporaryDirectory() as scratch:
        archive, records = Path(scratch, _RECORDS), Path(scratch, "records")
        bucket.download(newest["Key"], archive)
        _unpack(archive, records)
        write_training_reports(folder, records)


def _unpack(archive: Path, folder: Path) -> None:
    limits = Limits(max_members=100_000, max_bytes=_MAX_RECORDS_BYTES)
    try:
        unpacking.unpack(archive, folder, limits, formats=("gz",))
    except ArchiveError as error:
        raise KennelError(f"{archive.name} is not a training's output: {error}") from None


def _manifest_id(run: Run) -> str | None:
    """Of the prepared data set; for a failed run, from the input of the states after PrepareDataset."""
    sources: list[Any] = [run.output, *(visit.input.get("run") for visit in run.visits)]
    return next((item["manifest_id"] for item in sources if isinstance(item, dict) and item.get("manifest_id")), None)


class _Bucket:
    """Reads the artifacts bucket."""

    def __init__(self, session: Session) -> None:
        self._s3, self._name = session.client("s3"), session.output("ArtifactsBucket")

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders directly below a prefix."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix, Delimiter="/")
        found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ())]
        return [folder.removeprefix(prefix).rstrip("/") for folder in found]

    def objects(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix):
            yield from page.get("Contents", ())

    def copy(self, prefix: str, folder: Path) -> None:
        """Download every object directly below a prefix."""
        for item in self.objects(prefix):
            name = item["Key"].removeprefix(prefix)
            if name and "/" not in name:
                self.download(item["Key"], folder / name)

    def download(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._s3.download_file(self._name, key, str(path))
