"""All commands and jobs see one set of files in one nasty folder, and refuse a bad name in one sentence."""

from __future__ import annotations

import contextlib
import io
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

import train as training
from imgcls.artifacts.archives import pack
from imgcls.contract import manifest
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.data.folders import DataError, open_dataset
from imgcls.data.shards import open_split
from imgcls.preparation.run import check, prepare
from kennel.cli import predict as predicting
from kennel.datasets import uploads
from kennel.errors import KennelError
from kennel.models import batch
from kennel.new_project import inspection
from localcloud import LocalCloud
from tests.attack import nasty_folder
from tests.imgcls.serving.tiny_artifact import write_model

Nasty = tuple[Path, set[str], dict[str, str]]


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Nasty:
    root = tmp_path_factory.mktemp("nasty") / "data"
    return root, *nasty_folder.draw(root)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as running:
        running.cloud.client("s3").create_bucket(Bucket="data")
        yield running


def says(notes: object, nasty: Nasty) -> None:
    said = "\n".join(notes) if isinstance(notes, tuple) else str(notes)
    assert all(word in said for word in nasty[2]), said


def test_the_check(nasty: Nasty) -> None:
    found = check(nasty[0], DatasetSettings(near_duplicate_distance=0), workers=1)
    rows = list(found.decision.rows)
    assert {row.path for row in rows} == nasty[1]
    assert {row.label_folder for row in rows} == {"cat", "été"} and not found.assessment.failures
    says(found.assessment.notes, nasty)


def test_init(nasty: Nasty) -> None:
    found = inspection.look(nasty[0])
    seen = {path for item in found.classes for paths in item.files.values() for path in paths}
    assert {path.relative_to(nasty[0]).as_posix() for path in seen} == nasty[1]
    assert [item.label for item in found.classes] == ["cat", "été"] and not found.problems
    says(found.notes, nasty)


def test_prepare(nasty: Nasty, tmp_path: Path) -> None:
    message = prepare(nasty[0], tmp_path, DatasetSettings(near_duplicate_distance=0), workers=1)
    folder = tmp_path / message.manifest_id
    assert {row.path for row in manifest.read_rows(folder / manifest.FILE)} == nasty[1]
    splits = [open_split(folder / name) for name in ("train", "validation", "test")]
    assert sum(map(len, splits)) == len(nasty[1])
    assert {split.labels for split in splits} == {("cat", "été")}, "composed in every split"


def test_training_from_a_shell(nasty: Nasty, tmp_path: Path) -> None:
    split = open_dataset(nasty[0])
    assert {split.name(index) for index in range(len(split))} == nasty[1] and split.labels == ("cat", "été")
    options = {
        "train": nasty[0], "validation": nasty[0], "model-dir": tmp_path, "output-data-dir": tmp_path / "out",
        "architecture": "simple_cnn", "pretrained": "false", "preprocessing": '{"crop": 32, "resize": 36}',
        "epochs": "1", "batch-size": "8",
    }  # fmt: skip
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert training.main([text for key, value in options.items() for text in (f"--{key}", str(value))], {}) == 0
    says(printed.getvalue(), nasty)


def test_upload_and_what_a_job_gets(nasty: Nasty, cloud: LocalCloud) -> None:
    s3 = cloud.cloud.client("s3")
    done = uploads.upload(s3, "data", nasty[0], "pets")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="data", Prefix="datasets/pets/")
    found = {item["Key"].removeprefix("datasets/pets/") for page in pages for item in page["Contents"]}
    assert found == nasty[1] and done.sent == len(found)
    says(done.notes, nasty)
    assert uploads.upload(s3, "data", nasty[0], "pets").sent == 0


def test_predict(nasty: Nasty, tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    pack(tmp_path / "model", tmp_path / "model.tar.gz")
    ask = predicting._from_artifact(tmp_path / "model.tar.gz", tmp_path / "scratch")
    labels = {path: ask(nasty[0] / path, 1).label for path in nasty[1]}
    accent = unicodedata.normalize("NFD", "été")
    assert labels == {path: "green" if path.startswith(accent) else "red" for path in nasty[1]}
    with pytest.raises(KennelError, match=r"pipe.jpg does not exist or is not a file"):
        predicting.predict([nasty[0] / "cat/pipe.jpg"], artifact=tmp_path / "model.tar.gz")


def refused(root: Path) -> list[str]:
    """What each command says of a folder."""
    said = []
    for error, command in (
        (DatasetError, lambda: check(root, DatasetSettings(), workers=1)),
        (DatasetError, lambda: prepare(root, root.parent / "out", DatasetSettings(), workers=1)),
        (KennelError, lambda: inspection.look(root)),
        (DataError, lambda: open_dataset(root)),
        (KennelError, lambda: uploads.images(root)),
        (KennelError, lambda: batch._upload(None, root, "data", "job", lambda *told: None)),  # type: ignore[arg-type]
    ):
        with pytest.raises(error) as caught:
            command()
        said.append(str(caught.value))
    return said


@pytest.mark.parametrize("name", [os.fsdecode(b"cat/caf\xe9.jpg"), "cat/a\nb.jpg", "cat/\x1b[2J.jpg", "x\ty/1.jpg"])
def test_a_bad_name_is_one_sentence_for_all(name: str, tmp_path: Path) -> None:
    nasty_folder.draw(tmp_path / "data")
    path = tmp_path / "data" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(nasty_folder.picture(1, 1))
    said = refused(tmp_path / "data")
    assert len(set(said)) == 1 and said[0].endswith(": rename it") and said[0].isprintable()
