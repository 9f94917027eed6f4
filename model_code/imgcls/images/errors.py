"""Why an image is refused."""

from __future__ import annotations

EMPTY = "empty"
NOT_AN_IMAGE = "not_an_image"
TOO_MANY_PIXELS = "too_many_pixels"
CORRUPT = "corrupt"
UNSUPPORTED = "unsupported"


class ImageError(ValueError):
    """Bytes that cannot be decoded. `code` is one of this module's constants, `sentence` is for the user."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Damaged(ValueError):
    """What is wrong with a file of a known format, in a few words."""


def damaged(name: str, why: object) -> ImageError:
    return ImageError(CORRUPT, f"the {name} image is damaged or cut short: {why}")
