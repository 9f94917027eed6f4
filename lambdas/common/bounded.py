"""What a function reads has a limit: it has 256 MB and minutes, and whoever may write to a bucket chooses the size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from lambdas.common.errors import Refused

MAX_BYTES = 16 * 1024 * 1024
"""Of a document: an evaluation of 1,000 classes, the largest that runs write, has 7 MB."""
MAX_ITEMS = 10_000
"""Of a list: of what an environment can have at once, none comes near."""
Item = TypeVar("Item")


def read(body: Any, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """All of a body, which is not read further than one byte beyond the limit. Raises Refused naming it."""
    content: bytes = body.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise Refused(f"{name} is larger than the {max_bytes:,} bytes that a function reads: put a smaller one there")
    return content


def items(found: Iterable[Item], what: str, max_items: int = MAX_ITEMS) -> Iterator[Item]:
    """What a paginator finds, page by page. Raises Refused at the first item too many."""
    for number, item in enumerate(found):
        if number == max_items:
            raise Refused(f"there are more than {max_items:,} {what}, which is all that a function reads: delete some")
        yield item
