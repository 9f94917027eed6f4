"""The Prepare step from end to end: inspect every image, decide, assess, write."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from imgcls.contract import manifest, prepared
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.contract.manifest import QUARANTINED, REMOVED, SPLITS, Header
from imgcls.contract.prepared import PrepareMessage
from imgcls.images import cost
from imgcls.preparation import decision as decisions
from imgcls.preparation import parallel
from imgcls.preparation import scan as scanning
from imgcls.preparation.assessment import assess
from imgcls.preparation.checked_dataset import CheckedDataset
from imgcls.preparation.parts import ONLY_PART, inspect_part, merge
from imgcls.preparation.report import render
from imgcls.preparation.writing import Writer

_UNFINISHED = ".unfinished"


def check(
    folder: Path, settings: DatasetSettings, *, workers: int = 0, progress: parallel.Progress = lambda line: None
) -> CheckedDataset:
    """Inspect every image of `folder` and assess the data set; nothing is written.

    `workers` is the number of processes, 0 for one per core. Raises DatasetError if there is no data set at all; the
    problems of one that exists are in `assessment.failures`.
    """
    with TemporaryDirectory(prefix="kennel-") as workspace:
        return _check(folder, settings, Path(workspace), packed=False, workers=workers, progress=progress)


def _check(
    folder: Path,
    settings: DatasetSettings,
    workspace: Path,
    *,
    packed: bool,
    parts: Path | None = None,
    workers: int,
    progress: parallel.Progress,
) -> CheckedDataset:
    """With `parts`, the inspections of several instances (`parts.inspect_part`), images are not opened again."""
    scan = scanning.scan(folder, settings)
    if settings.max_pixels > cost.MAX_PIXELS:
        progress(f"max_pixels is {settings.max_pixels}: an image may take {cost.price(settings.max_pixels)}")
    if parts is None:
        parts = workspace / "parts"
        inspect_part(
            folder,
            scan.paths(),
            scan.num,
            parts,
            ONLY_PART,
            settings,
            packed=packed,
            workers=workers,
            progress=progress,
        )
    decision = decisions.decide(merge(parts, scan, workspace), settings)
    assessment = assess(decision.rows, scan.classes, settings, scan.notes)
    options = settings.to_dict()
    header = Header(
        id=manifest.manifest_id(options, decision.rows),
        dataset=settings.name,
        settings=options,
        classes=assessment.classes,
        counts={kind: num for kind in sorted((*SPLITS, QUARANTINED, REMOVED)) if (num := len(decision.of(kind)))},
    )
    return CheckedDataset(folder, scan.is_split, settings, header, decision, assessment)


def prepare(
    folder: Path,
    output: Path,
    settings: DatasetSettings,
    *,
    parts: Path | None = None,
    workers: int = 0,
    progress: parallel.Progress = lambda line: None,
) -> PrepareMessage:
    """CheckedDataset `folder` and write `output/<manifest id>/` (see `contract.prepared`).

    With `parts`, the inspections of several instances (`parts.inspect_part`), images are not decoded again. The folder
    gets its name once it is complete, so a run that was killed can be repeated. Raises DatasetError with the
    first failure; the quarantine and the report of a refused data set are in `output/refused/`.
    """
    if output.resolve().is_relative_to(folder.resolve()):
        raise DatasetError(f"the output {output} is inside the data set {folder}: choose a folder beside it")
    unfinished = output / _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    workspace = unfinished / "workspace"
    workspace.mkdir(parents=True)
    checked = _check(folder, settings, workspace, packed=True, parts=parts, workers=workers, progress=progress)
    writer = Writer(checked.decision, unfinished, int(checked.is_split), settings, progress)
    writer.write_quarantine()
    reports = unfinished / prepared.REPORTS
    reports.mkdir()
    (reports / prepared.DATA_REPORT).write_text(render(checked))
    manifest.write(unfinished / manifest.FILE, checked.header, checked.decision.rows)
    for line in checked.assessment.notes:
        progress(line)
    if checked.assessment.failures:
        shutil.rmtree(workspace)
        _move(unfinished, output / "refused")
        for sentence in checked.assessment.failures:
            progress(sentence)
        raise DatasetError(_first(checked.assessment.failures))
    writer.write_splits()
    train = (unfinished / prepared.TRAIN).rglob("*")
    num_train_bytes = sum(path.stat().st_size for path in train if path.is_file())
    shutil.rmtree(workspace)
    _move(unfinished, output / checked.header.id)
    return _message(checked.header, num_train_bytes)


def _move(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)


def _first(failures: tuple[str, ...]) -> str:
    more = len(failures) - 1
    return failures[0] + (f" (and {more} more problem{'s' * (more > 1)}, see the report)" if more else "")


def _message(header: Header, num_train_bytes: int) -> PrepareMessage:
    return PrepareMessage(
        manifest_id=header.id,
        num_classes=len(header.classes),
        num_train=header.counts.get(prepared.TRAIN, 0),
        num_validation=header.counts.get(prepared.VALIDATION, 0),
        num_test=header.counts.get(prepared.TEST, 0),
        num_quarantined=header.counts.get(QUARANTINED, 0),
        train_input_mode="FastFile" if num_train_bytes > prepared.STREAMED_BYTES else "File",
    )
