"""Lambda: functions that really run, synchronously and asynchronously, each in a process of its own."""

from __future__ import annotations

from localcloud.context import Cloud
from localcloud.functions.front import LambdaFront
from localcloud.functions.invocation import Functions
from localcloud.functions.records import replace_invocation
from localcloud.server import Application

__all__ = ["LambdaFront", "install"]


def install(cloud: Cloud, app: Application) -> LambdaFront:
    """Take invocations before moto sees them, and give moto's own integrations the same functions to call."""
    functions = Functions(cloud)
    front = LambdaFront(cloud, functions)
    app.add_handler(front.handle)
    cloud.on_stop(replace_invocation(front.invoke_for_moto))
    return front
