"""What is seen of a folder without decoding an image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from kennel.errors import KennelError
from kennel.new_project import headers, inspection
from tests.kennel.new_project.images import folder, image


def test_class_folders_are_counted(tmp_path: Path) -> None:
    found = inspection.look(folder(tmp_path, {"cat": 7, "dog": 5}))
    assert not found.is_split
    assert {item.name: item.num_usable() for item in found.classes} == {"cat": 7, "dog": 5}
    assert (found.num_files, found.sampled, found.short_side, found.is_uniform) == (12, 12, 30, True)
    assert found.num_bytes == sum(path.stat().st_size for path in tmp_path.rglob("*.png"))


def test_folders_of_a_split_are_counted_apart(tmp_path: Path) -> None:
    found = inspection.look(folder(tmp_path, {"train/cat": 6, "valid/cat": 2, "test/cat": 3, "train/dog": 5}))
    cat, dog = found.classes
    assert found.is_split
    assert [cat.num_usable(split) for split in ("train", "validation", "test")] == [6, 2, 3]
    assert (cat.num_usable(), dog.num_usable("test")) == (11, 0)


def test_what_the_prepare_step_puts_aside_is_not_counted(tmp_path: Path) -> None:
    folder(tmp_path, {"cat": 5, "dog": 5})
    (tmp_path / "cat" / "empty.jpg").write_bytes(b"")
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / "dog" / "cut.png").write_bytes((tmp_path / "dog" / "0.png").read_bytes()[:20])
    image(tmp_path / "dog" / "banner.png", (400, 20))
    image(tmp_path / "stray.png")
    found = inspection.look(tmp_path)
    assert {item.name: item.num_usable() for item in found.classes} == {"cat": 5, "dog": 5}
    cut = (
        "cannot be used: the PNG image is damaged or cut short: its headers end too early, or point outside of the file"
    )
    assert set(found.problems) >= {"is empty", cut} and sum(found.problems.values()) == 3
    assert found.notes == ("left out: 1 file that is not an image, cat/notes.txt",)
    assert found.loose == 1


def test_hidden_files_and_folders_of_systems_are_passed_over(tmp_path: Path) -> None:
    folder(tmp_path, {"cat": 5, "dog": 5, ".ipynb_checkpoints": 3, "__MACOSX": 3})
    image(tmp_path / "cat" / "._0.png")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"x")
    found = inspection.look(tmp_path)
    assert [item.name for item in found.classes] == ["cat", "dog"] and found.num_files == 10 and not found.loose


def test_images_in_folders_below_a_class_belong_to_it(tmp_path: Path) -> None:
    folder(tmp_path, {"cat/kittens": 3, "cat/old": 4, "dog": 5})
    assert [item.num_usable() for item in inspection.look(tmp_path).classes] == [7, 5]


def test_links_to_folders_are_left_out_as_an_upload_leaves_them_out(tmp_path: Path) -> None:
    root = folder(tmp_path / "data", {"cat": 5, "dog": 5})
    elsewhere = folder(tmp_path / "elsewhere", {"bird": 5})
    (root / "bird").symlink_to(elsewhere / "bird")
    found = inspection.look(root)
    assert [item.name for item in found.classes] == ["cat", "dog"]
    assert found.notes == (f"{root / 'bird'} is a link, which an upload does not follow: left out",)
    (tmp_path / "link").symlink_to(root)
    assert len(inspection.look(tmp_path / "link").classes) == 2, "the folder itself may be a link"


def test_an_empty_class_folder_is_left_out(tmp_path: Path) -> None:
    folder(tmp_path, {"cat": 5, "dog": 5})
    (tmp_path / "bird").mkdir()
    assert inspection.look(tmp_path).notes == (f"{tmp_path / 'bird'} is empty: left out",)


def test_a_folder_without_access_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, {"cat": 5, "dog": 5})
    scandir = os.scandir

    def refuse(path: Path) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "dog":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(KennelError, match=r"dog cannot be read: Permission denied; ask its owner for access"):
        inspection.look(tmp_path)


def test_a_file_without_access_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert headers.read(tmp_path / "a.png").problem == "cannot be opened: Permission denied"


def test_a_large_folder_is_sampled_the_same_way_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "SAMPLE", 20)
    folder(tmp_path, {"cat": 30, "dog": 30})
    for index in range(15):
        (tmp_path / "cat" / f"{index}.png").write_bytes(b"broken")
    told: list[tuple[str, int, int]] = []
    found = inspection.look(tmp_path, lambda *progress: told.append(progress))
    assert (found.num_files, found.sampled) == (60, 20)
    assert found == inspection.look(tmp_path)
    cat, dog = found.classes
    assert dog.num_usable() == 30
    assert cat.num_usable() == round(30 * (1 - len(cat.unusable) / 10)) and 5 <= cat.num_usable() <= 25
    assert told[-1] == ("Reading headers", 20, 20)


def test_a_header_tells_of_grey_and_alpha(tmp_path: Path) -> None:
    modes = {"L": (True, False), "LA": (True, True), "RGBA": (False, True), "P": (False, False), "1": (True, False)}
    for mode, expected in modes.items():
        header = headers.read(image(tmp_path / f"{mode}.png", (50, 20), mode))
        assert ((header.grey, header.alpha), header.short_side, header.format) == (expected, 20, "PNG")


class TestLimits:
    def test_tiny_images_are_let_in_where_they_are_many(self, tmp_path: Path) -> None:
        found = inspection.look(folder(tmp_path, {"a": 5, "b": 5}, size=(12, 12)))
        assert found.limits.changed == {"min_side": 8} and found.num_usable == 10

    def test_a_few_tiny_images_are_thumbnails(self, tmp_path: Path) -> None:
        folder(tmp_path, {"a": 100, "b": 100}, size=(20, 20))
        image(tmp_path / "a" / "thumb.png", (9, 9))
        found = inspection.look(tmp_path)
        assert found.limits.changed == {} and found.num_usable == 200
        assert found.problems == {"is smaller than 16 pixels": 1}

    def test_large_images_are_let_in(self, tmp_path: Path) -> None:
        folder(tmp_path, {"a": 5, "b": 5})
        Image.new("L", (6000, 5000)).save(tmp_path / "a" / "large.png")
        assert inspection.look(tmp_path).limits.changed == {}
        Image.new("RGBA", (7000, 5000)).save(tmp_path / "a" / "costly.png")
        found = inspection.look(tmp_path)
        assert found.limits.changed == {"max_pixels": 100_000_000} and found.num_usable == 12


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    found = inspection.look(folder(tmp_path, {"train": 5, "car": 5}))
    assert not found.is_split and [item.name for item in found.classes] == ["car", "train"]


def strays(root: Path) -> None:
    folder(root, {"cat": 5, "dog": 5})
    for index in range(11):
        image(root / f"{index}.png")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda root: root, "no folder|not a folder|does not exist"),
        (lambda root: root.mkdir(), "class folders"),
        (lambda root: image(root / "a.png"), "class folders"),
        (lambda root: folder(root, {"cat": 5}), "data has one class, 'cat', and .* two: add a folder for each class"),
        (lambda root: folder(root, {"photos/train/cat": 5}), "one class, 'photos', .*: did you mean .*/data/photos"),
        (lambda root: folder(root, {"1.cat": 5, "2.cat": 5}), "1.cat and 2.cat both have the label 'cat': rename one"),
        (lambda root: folder(root, {"a\nb": 5, "c": 5}), r"class folder 'a\\nb' cannot be a label: rename it"),
        (lambda root: folder(root, {os.fsdecode(b"caf\xe9"): 5, "c": 5}), r"'caf\\udce9' cannot be a label: rename it"),
        (lambda root: folder(root, {"train": 5, "test": 5}), "class folders"),
        (strays, "11 of 21 files in .*data are not images of a class: move them elsewhere"),
    ],
)  # fmt: skip
def test_a_folder_without_a_data_set_is_one_sentence(
    make: Callable[[Path], object], sentence: str, tmp_path: Path
) -> None:
    make(tmp_path / "data")
    with pytest.raises(KennelError, match=sentence):
        inspection.look(tmp_path / "data")
