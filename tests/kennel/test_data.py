"""Uploading a data set: complete, resumable, verified."""

from __future__ import annotations

import pytest

from kennel.datasets import uploads
from kennel.errors import KennelError


@pytest.fixture
def folder(tmp_path):
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for index in range(3):
            (tmp_path / name / f"{index}.jpg").write_bytes(f"{name}{index}".encode())
    (tmp_path / ".DS_Store").write_bytes(b"junk")
    return tmp_path


def keys_of(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket="data").get("Contents", ())]


def test_everything_but_hidden_files_is_sent(s3, folder):
    done = uploads.upload(s3, "data", folder, "pets")
    assert (done.sent, done.unchanged, done.extra) == (6, 0, 0)
    assert keys_of(s3)[0] == "datasets/pets/cats/0.jpg"
    assert len(keys_of(s3)) == 6


def test_a_second_run_sends_only_what_changed(s3, folder):
    uploads.upload(s3, "data", folder, "pets")
    (folder / "cats" / "0.jpg").write_bytes(b"CATS0")  # as long as before
    (folder / "dogs" / "9.jpg").write_bytes(b"new")
    done = uploads.upload(s3, "data", folder, "pets")
    assert (done.sent, done.unchanged) == (2, 5)


def test_objects_that_the_folder_lacks_are_counted_and_kept(s3, folder):
    uploads.upload(s3, "data", folder, "pets")
    (folder / "cats" / "0.jpg").unlink()
    assert uploads.upload(s3, "data", folder, "pets").extra == 1
    assert len(keys_of(s3)) == 6


@pytest.mark.parametrize("name", ["Pets", "a/b", "", "a" * 100])
def test_a_bad_name_is_refused(s3, folder, name):
    with pytest.raises(KennelError, match="lower case"):
        uploads.upload(s3, "data", folder, name)


def test_a_folder_without_images_is_refused(s3, tmp_path):
    (tmp_path / "readme.txt").write_text("no picture")
    with pytest.raises(KennelError, match="no image"):
        uploads.upload(s3, "data", tmp_path, "pets")
