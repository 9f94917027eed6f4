"""Orders to a running local cloud, sent from a shell."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any


def send(port: int, path: str, order: Mapping[str, object], method: str = "POST") -> Any:
    """The cloud's answer, parsed; None after a sentence on stderr that says why there is none."""
    url = f"http://localhost:{port}{path}"
    request = urllib.request.Request(url, json.dumps(order).encode(), method=method)
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        print(json.load(refused)["error"], file=sys.stderr)
    except urllib.error.URLError as error:
        print(f"no local cloud answers at {url} ({error.reason}): start it, or pass its --port", file=sys.stderr)
    return None
