"""Lambda: functions that really run, synchronously and asynchronously, each invocation in a process of its own."""

from __future__ import annotations

import contextlib

from localcloud.context import Cloud
from localcloud.functions.api import LambdaApi
from localcloud.functions.records import replace_moto_invocations
from localcloud.functions.runner import FunctionRunner
from localcloud.server import Application

__all__ = ["LambdaApi", "install"]


def install(cloud: Cloud, app: Application) -> LambdaApi:
    """Take invocations before moto sees them, and let moto's own integrations invoke the same functions."""
    runner = FunctionRunner(cloud)
    api = LambdaApi(cloud, runner)
    app.add_handler(api.handle)
    replacements = contextlib.ExitStack()
    replacements.enter_context(replace_moto_invocations(api.invoke_for_moto, api.code_location, runner.logging_config))
    cloud.on_stop(replacements.close)
    return api
