"""What the four functions read besides their arguments: the process's settings and the request's headers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from imgcls.contract.serving import CUSTOM_ATTRIBUTES_HEADER, ServerSettings


@dataclass(frozen=True)
class RequestContext:
    """The part of a request that serve.py passes to the four functions."""

    custom_attributes: str | None = None


@cache
def settings() -> ServerSettings:
    """The settings in the process's environment, read once. Raises ValueError naming a bad variable."""
    return ServerSettings.from_environment(os.environ)


def custom_attributes(context: Any) -> str | None:
    """The CustomAttributes in our context or in that of AWS's inference toolkit; None without a context."""
    if context is None:
        return None
    if isinstance(context, RequestContext):
        return context.custom_attributes
    for processor in context.request_processor:
        for name, value in processor.get_request_properties().items():
            if name.lower() == CUSTOM_ATTRIBUTES_HEADER.lower():
                return str(value)
    return None
