"""Names from folders and flags."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from imgcls.contract import keys
from kennel.errors import KennelError
from kennel.new_project import names


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Flowers", "flowers"), ("My  Photos (2)", "my-photos-2"), ("Gänseblümchen", "ganseblumchen"),
        (unicodedata.normalize("NFD", "Gänseblümchen"), "ganseblumchen"), ("Straße", "strasse"), ("花", ""),
        ("--a__b--", "a-b"), ("ÉTÉ.2024", "ete-2024"), ("\n\t", ""),
    ],
)  # fmt: skip
def test_what_may_stand_in_a_name_is_kept(text: str, slug: str) -> None:
    assert names.slug(text) == slug


def test_a_data_set_is_named_after_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Blumen Fotos").mkdir()
    monkeypatch.chdir(tmp_path / "Blumen Fotos")
    assert names.dataset(Path()) == "blumen-fotos"
    assert names.dataset(Path("/")) == names.dataset(tmp_path / "花") == "images"


@pytest.mark.parametrize("text", ["flowers", "x" * 90, "word-" * 20, "0", "2024", "no"])
def test_names_that_are_made_are_names(text: str) -> None:
    dataset = names.dataset(Path("/") / text)
    assert keys.NAME.fullmatch(dataset)
    assert names.check_model(names.model(dataset)).endswith("-classifier")
    names.check_project(names.project(dataset))


def test_a_long_name_ends_with_a_whole_word() -> None:
    assert names.project("dog-breed-classifier-mobile") == "dog-breed-classifier"
    assert names.project("dog-breeds-classifier-mobile") == "dog-breeds"
    assert names.project("a" * 30) == "a" * 20


def test_a_project_begins_with_a_letter() -> None:
    assert names.project("3d-parts") == "p3d-parts"


@pytest.mark.parametrize(
    ("check", "name", "sentence"),
    [
        (names.check_model, "My Flowers", "--name 'My Flowers': use lower case letters, .*, such as my-flowers$"),
        (names.check_model, "", "--name '': use lower case letters, digits and hyphens$"),
        (names.check_project, "flowers-and-many-other-plants", "such as flowers-and-many$"),
        (names.check_project, "a--b", "--project-name 'a--b': use at most 20 lower case letters, .* such as a-b$"),
        (names.check_project, "2024", "a letter first, such as p2024$"),
    ],
)  # fmt: skip
def test_a_name_that_will_not_do_brings_one_that_does(check: Callable[[str], str], name: str, sentence: str) -> None:
    with pytest.raises(KennelError, match=sentence):
        check(name)
