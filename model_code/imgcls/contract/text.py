"""Text for a service that takes a limited number of bytes."""

from __future__ import annotations


def cut(text: str, max_bytes: int) -> str:
    """The longest beginning of `text` that has at most `max_bytes` in UTF-8 and ends with a whole character.

    A part of a character is not UTF-8: SageMaker fails a job with such an ExitMessage, whatever the container said. A
    lone surrogate, which Python makes of a file name that is not UTF-8, becomes a question mark.
    """
    return text.encode(errors="replace")[:max_bytes].decode(errors="ignore")
