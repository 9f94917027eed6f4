"""What each intrinsic function computes; names and limits are those of the States Language."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.json_text import to_json

MAX_RANGE_ITEMS = 1000
MAX_ENCODED_CHARACTERS = 10_000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_TEMPLATE = re.compile(r"\\(.)|(\{\})", re.DOTALL)


class IntrinsicFailure(Exception):
    """An argument that the function does not take."""


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise IntrinsicFailure(message)


def _whole(value: JSON, name: str) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise IntrinsicFailure(f"{name} must be a number")
    return math.floor(value + 0.5)


def _array(value: JSON) -> list[JSON]:
    if not isinstance(value, list):
        raise IntrinsicFailure("the first argument must be an array")
    return value


def _text(value: JSON, name: str = "the argument") -> str:
    if not isinstance(value, str):
        raise IntrinsicFailure(f"{name} must be a string")
    return value


def format_(template: JSON, *arguments: JSON) -> str:
    text = _text(template, "the template")
    places = sum(1 for match in _TEMPLATE.finditer(text) if match[2])
    _need(places == len(arguments), f"the template has {places} places for {len(arguments)} arguments")
    values = iter(arguments)

    def replace(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[1]
        value = next(values)
        return value if isinstance(value, str) else to_json(value)

    return _TEMPLATE.sub(replace, text)


def string_to_json(text: JSON) -> JSON:
    parsed: JSON = json.loads(_text(text)) if _text(text) else None
    return parsed


def array_partition(array: JSON, size: JSON) -> JSON:
    step = _whole(size, "the chunk size")
    _need(step > 0, "the chunk size must be positive")
    items = _array(array)
    return [items[start : start + step] for start in range(0, len(items), step)]


def array_contains(array: JSON, value: JSON) -> bool:
    return any(_same(each, value) for each in _array(array))


def array_range(first: JSON, last: JSON, step: JSON) -> JSON:
    start, end, by = _whole(first, "the first value"), _whole(last, "the last value"), _whole(step, "the step")
    _need(by != 0, "the step must not be 0")
    values = range(start, end + (1 if by > 0 else -1), by)
    _need(len(values) <= MAX_RANGE_ITEMS, f"a range has at most {MAX_RANGE_ITEMS} items")
    return list(values)


def array_get_item(array: JSON, index: JSON) -> JSON:
    at, items = _whole(index, "the index"), _array(array)
    _need(0 <= at < len(items), f"index {at} is outside an array of {len(items)} items")
    return items[at]


def array_unique(array: JSON) -> list[JSON]:
    unique: list[JSON] = []
    for value in _array(array):
        if not any(_same(value, each) for each in unique):
            unique.append(value)
    return unique


def base64_encode(text: JSON) -> str:
    _need(len(_text(text)) <= MAX_ENCODED_CHARACTERS, f"at most {MAX_ENCODED_CHARACTERS} characters")
    return base64.b64encode(_text(text).encode()).decode()


def base64_decode(text: JSON) -> str:
    _need(len(_text(text)) <= MAX_ENCODED_CHARACTERS, f"at most {MAX_ENCODED_CHARACTERS} characters")
    return base64.b64decode(_text(text), validate=True).decode()


def hash_(data: JSON, algorithm: JSON) -> str:
    name = _HASHES.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise IntrinsicFailure(f"the algorithm must be one of {', '.join(_HASHES)}")
    text = data if isinstance(data, str) else to_json(data)
    return hashlib.new(name, text.encode()).hexdigest()


def json_merge(first: JSON, second: JSON, deep: JSON) -> JSON:
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise IntrinsicFailure("both documents must be objects")
    _need(deep is False, "only the shallow merge is supported: the third argument must be false")
    return {**first, **second}


def math_random(start: JSON, end: JSON, seed: JSON = None) -> int:
    low, high = _whole(start, "the start"), _whole(end, "the end")
    _need(low < high, "the start must be below the end")
    if isinstance(seed, list | dict):
        raise IntrinsicFailure("the seed must be a number")
    generator = random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311 seeded on demand
    return generator.randrange(low, high)


def math_add(first: JSON, second: JSON) -> int:
    return _whole(first, "the first value") + _whole(second, "the second value")


def string_split(text: JSON, splitters: JSON) -> JSON:
    whole = _text(text)
    pattern = "|".join(re.escape(each) for each in _text(splitters, "the splitter"))
    return [part for part in re.split(pattern, whole) if part] if pattern else [whole]


def _same(first: JSON, second: JSON) -> bool:
    return isinstance(first, bool) == isinstance(second, bool) and first == second


FUNCTIONS: dict[str, Callable[..., JSON]] = {
    "Format": format_,
    "StringToJson": string_to_json,
    "JsonToString": to_json,
    "Array": lambda *values: list(values),
    "ArrayPartition": array_partition,
    "ArrayContains": array_contains,
    "ArrayRange": array_range,
    "ArrayGetItem": array_get_item,
    "ArrayLength": lambda array: len(_array(array)),
    "ArrayUnique": array_unique,
    "Base64Encode": base64_encode,
    "Base64Decode": base64_decode,
    "Hash": hash_,
    "JsonMerge": json_merge,
    "MathRandom": math_random,
    "MathAdd": math_add,
    "StringSplit": string_split,
    "UUID": lambda: str(uuid.uuid4()),
}
