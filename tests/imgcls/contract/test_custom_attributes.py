"""What caller and container say to each other in CustomAttributes."""

from __future__ import annotations

import pytest

from imgcls.contract import custom_attributes
from imgcls.contract.artifact import ArtifactError, ModelCard, Preprocessing

CARD = ModelCard("m", "simple_cnn", ("a", "b"), Preprocessing(), version="v" * 128, files={}).to_dict()


def test_the_longest_answer_is_within_the_services_limit() -> None:
    longest = custom_attributes.answer("r" * 128, ModelCard.from_dict(CARD).version)
    assert len(longest) <= custom_attributes.MAX_CHARS and longest.isascii() and longest.isprintable()
    assert custom_attributes.parse(longest) == {"version": "v" * 128, "request": "r" * 128}


@pytest.mark.parametrize("version", ["v" * 129, "a\r\nSet-Cookie: b", "v;request=x", "\u00e9"])
def test_a_version_that_cannot_be_in_a_header_is_refused(version: str) -> None:
    with pytest.raises(ArtifactError, match="version must be up to 128"):
        ModelCard.from_dict(CARD | {"version": version})


@pytest.mark.parametrize("text", ["", "r" * 129, "two words", "a;b", "a\n", "\u00e9"])
def test_what_is_not_a_request_id(text: str) -> None:
    assert not custom_attributes.is_request_id(text)


def test_pairs_are_separated_by_commas_or_semicolons() -> None:
    assert custom_attributes.parse("Top_K=5; format=full,request=a=b") == {
        "top_k": "5", "format": "full", "request": "a=b"
    }  # fmt: skip
    assert custom_attributes.parse(None) == {} == custom_attributes.parse(" ; ,")
