"""Lambda: functions that really run, synchronously and asynchronously, each in a process of its own."""

from __future__ import annotations

import contextlib

from localcloud.context import Cloud
from localcloud.functions.front import LambdaFront
from localcloud.functions.invocation import Functions
from localcloud.functions.records import moto_functions
from localcloud.server import Application

__all__ = ["LambdaFront", "install"]


def install(cloud: Cloud, app: Application) -> LambdaFront:
    """Take invocations before moto sees them, and give moto's own integrations the same functions to call."""
    functions = Functions(cloud)
    front = LambdaFront(cloud, functions)
    app.add_handler(front.handle)
    replacements = contextlib.ExitStack()
    replacements.enter_context(moto_functions(front.invoke_for_moto, front.code_location, functions.logging_config))
    cloud.on_stop(replacements.close)
    return front
