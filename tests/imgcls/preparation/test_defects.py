"""Every planted defect is found and handled; clean data sets pass untouched."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import samples
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.manifest import Row
from imgcls.preparation.checked_dataset import CheckedDataset
from imgcls.preparation.run import check
from tests.imgcls.preparation import defects

SETTINGS = DatasetSettings(layout="auto")


def _rows(checked: CheckedDataset) -> dict[str, Row]:
    return {row.path: row for row in checked.decision.rows}


def _paths(planted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (planted,) if isinstance(planted, str) else planted


@pytest.mark.parametrize("defect", defects.EXACT, ids=lambda defect: defect.name)
def test_exact_defects_are_found(tmp_path: Path, defect: defects.Defect) -> None:
    folder = defects.clean_set(tmp_path)
    planted = _paths(defect.plant(folder))
    checked = check(folder, SETTINGS, workers=1)
    rows = _rows(checked)
    for path in planted:
        assert defect.code in rows[path].findings
        assert defect.split in (None, rows[path].split)
    others = [row for path, row in rows.items() if path not in planted]
    assert [row for row in others if row.findings] == []
    assert checked.assessment.failures == ()


def test_defects_together_are_all_found(tmp_path: Path) -> None:
    """One set with all kinds that do not touch each other's files, as a real folder would have them."""
    folder = defects.clean_set(tmp_path, per_class=(40, 3, 3))
    expected = {}
    for index, defect in enumerate(defects.EXACT):
        if defect.split == "removed":
            continue
        path = defect.plant(folder)
        assert isinstance(path, str)
        place = Path(path).with_name(f"defect{index}{Path(path).suffix}")
        (folder / path).rename(folder / place)
        expected[place.as_posix()] = defect.code
    assert len(expected) >= 25
    rows = _rows(check(folder, DatasetSettings(max_quarantined=0.9), workers=2))
    assert {path: code for path, code in expected.items() if code not in rows[path].findings} == {}


@pytest.mark.parametrize("kind", ["same", "leak", "label"])
@pytest.mark.parametrize(("name", "change"), defects.NEAR, ids=[name for name, _ in defects.NEAR])
def test_near_duplicates_are_found(tmp_path: Path, name: str, change: defects.Change, kind: str) -> None:
    folder = defects.clean_set(tmp_path)
    goal, source = defects.near(change, kind)(folder)
    rows = _rows(check(folder, SETTINGS, workers=1))
    if kind == "leak":
        assert rows[source].split == "removed"
        assert "near-leak" in rows[source].findings
        assert rows[goal].split == "test"
    else:
        code = {"same": "near-duplicate", "label": "near-label-conflict"}[kind]
        assert code in rows[goal].findings and code in rows[source].findings
        assert rows[goal].split == rows[source].split == "train"


@pytest.mark.slow
def test_recall_of_near_duplicates_is_95_percent(tmp_path: Path) -> None:
    """Measured on drawn images, which are more alike than photographs."""
    samples.draw(tmp_path, classes=6, per_class=60, seed=11)
    planted = []
    for index, path in enumerate(sorted((tmp_path / "train").rglob("*.jpg"))):
        _, change = defects.NEAR[index % len(defects.NEAR)]
        goal = path.with_name(f"copy{index}.jpg")
        with Image.open(path) as image:
            goal.write_bytes(defects.encoded(change(image.convert("RGB")), quality=80))
        planted.append(goal.relative_to(tmp_path).as_posix())
    rows = _rows(check(tmp_path, SETTINGS))
    found = [path for path in planted if "near-duplicate" in rows[path].findings]
    assert len(found) >= 0.95 * len(planted)


def _assert_clean(checked: CheckedDataset) -> None:
    assert checked.assessment.failures == ()
    assert [row for row in checked.decision.rows if row.findings] == []


@pytest.mark.parametrize("seed", range(4))
def test_clean_sets_pass(tmp_path: Path, seed: int) -> None:
    _assert_clean(check(defects.clean_set(tmp_path, seed=seed + 1), SETTINGS, workers=1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_twenty_clean_drawn_sets_pass(tmp_path: Path, seed: int) -> None:
    layout, classes = ("cats-dogs", 2) if seed % 4 == 0 else ("breeds", 2 + seed)
    samples.draw(tmp_path, layout=layout, classes=classes, per_class=80 if layout == "cats-dogs" else 40, seed=seed)
    checked = check(tmp_path, SETTINGS)
    assert checked.assessment.failures == ()
    assert [row for row in checked.decision.rows if row.split in ("quarantine", "removed")] == []
