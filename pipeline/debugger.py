"""SageMaker Debugger as fields of CreateTrainingJob: a hook with rules, or a profiler with rules.

Kennel's own rules and profiler (imgcls.debug, imgcls.profiling) always run. The API does not have these fields for the
trials of a tuning job.
"""

from __future__ import annotations

from typing import Any

from config import debugger
from config.app import AppConfig

Parameters = dict[str, Any]

SAVE_EVERY_STEPS = "50"
INTERVAL_MS = 5000
FIRST_STEPS = '{"StartStep": 0, "NumSteps": 50}'

HOOK_RULES = ("VanishingGradient", "Overfit", "PoorWeightInitialization", "LossNotDecreasing")
PROFILER_RULES = ("ProfilerReport", "LowGPUUtilization")
COLLECTIONS: dict[str, dict[str, str]] = {
    "losses": {},
    "gradients": {},
    "weights": {},
    # PoorWeightInitialization looks for the inputs of activations under this name.
    "relu_input": {"include_regex": ".*relu_input"},
}


def parameters(config: AppConfig) -> Parameters:
    """The fields of a training job; empty if Debugger is off."""
    mode = config.pipeline.sagemaker_debugger
    if mode == "off":
        return {}
    output = {"S3OutputPath.$": "States.Format('{}debugger/', $.model.run_uri)"}
    if mode == "rules":
        return {
            "DebugHookConfig": {
                **output,
                "CollectionConfigurations": [
                    {"CollectionName": name, "CollectionParameters": {"save_interval": SAVE_EVERY_STEPS, **values}}
                    for name, values in COLLECTIONS.items()
                ],
            },
            "DebugRuleConfigurations": _rules(HOOK_RULES, config.region),
        }
    return {
        "ProfilerConfig": {
            **output,
            "ProfilingIntervalInMilliseconds": INTERVAL_MS,
            "ProfilingParameters": {"DetailedProfilingConfig": FIRST_STEPS},
        },
        "ProfilerRuleConfigurations": _rules(PROFILER_RULES, config.region),
    }


def _rules(names: tuple[str, ...], region: str) -> list[Parameters]:
    image = debugger.rules_image(region)
    return [
        {"RuleConfigurationName": name, "RuleEvaluatorImage": image, "RuleParameters": {"rule_to_invoke": name}}
        for name in names
    ]
