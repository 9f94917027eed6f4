"""The pipeline's Lambda functions: one archive, one environment and one role each."""

from __future__ import annotations

import importlib
import json
from dataclasses import fields
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from config.app import AppConfig
from pipeline import lambdas, specs
from pipeline.lambdas import Function
from pipeline.placeholders import Placeholder
from stacks.constructs.assets import function_code
from stacks.constructs.function import PlatformFunction
from stacks.images import ImagesStack
from stacks.storage import StorageStack


class PipelineFunctions(Construct):
    """`arns` fills the state machine's placeholders; `errors` has one metric a function."""

    def __init__(self, scope: Construct, id: str, *, config: AppConfig, storage: StorageStack, images: ImagesStack, code_key: str) -> None:
        super().__init__(scope, id)
        code = function_code(self, {specs.FILE: json.dumps(specs.run_specs(config), sort_keys=True, indent=1)})
        values = {
            "data_bucket": storage.data.bucket_name,
            "artifacts_bucket": storage.artifacts.bucket_name,
            "region": config.region,
            "code_file": code_key,
            "check_quotas": config.environment != "local",
            "serving_image": images.serving.uri,
            "endpoint_name": config.endpoint.name,
            **config.training.gate.model_dump(),
            **config.training.publish.model_dump(),
        }
        self.arns: dict[Placeholder, str] = {}
        self.errors: list[cloudwatch.Metric] = []
        for function in lambdas.FUNCTIONS:
            made = PlatformFunction(
                self,
                "".join(part.capitalize() for part in function.folder.split("_")),
                name=function.folder,
                code=code,
                environment=_environment(function, values),
                key=storage.key,
                log_retention_days=config.monitoring.log_retention_days,
                memory_mb=function.memory_mb,
                timeout_seconds=function.timeout_seconds,
                description=f"Pipeline step {function.folder.replace('_', ' ')}",
            )
            self.arns[function.arn] = made.function_arn
            self.errors.append(made.metric_errors(label=function.folder))


def _environment(function: Function, values: dict[str, Any]) -> dict[str, str]:
    try:
        kind = importlib.import_module(f"lambdas.{function.folder}.environment").Environment
    except ModuleNotFoundError:
        return {}
    return kind(**{f.name: values[f.name] for f in fields(kind) if f.name in values}).to_environment()
