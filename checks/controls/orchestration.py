"""State machines and Lambda functions."""

from __future__ import annotations

from collections.abc import Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, each
from checks.machines import KIND as MACHINE
from checks.machines import definition, handler_of, tasks
from pipeline import allowed_fields, functions

FUNCTION = "AWS::Lambda::Function"
LAX = 0.5
"""A champion may not lose half of all images, nor the exported graph disagree with the trained one on half of them."""
NEWEST_RUNTIME = "python3.14"


def logs_everything(machine: Resource, assembly: Assembly) -> bool:
    config = machine.get("LoggingConfiguration", {})
    groups = [item["CloudWatchLogsLogGroup"]["LogGroupArn"] for item in as_list(config.get("Destinations"))]
    found = [assembly.at(group, "AWS::Logs::LogGroup") for group in groups]
    return (
        config.get("Level") == "ALL"
        and config.get("IncludeExecutionData") is False
        and bool(found)
        and all(group is not None and group.get("KmsKeyId") for group in found)
    )


def uncaught(assembly: Assembly) -> Iterator[str]:
    return (task.label for task in tasks(assembly) if not task.state.get("Catch"))


def without_timeout(assembly: Assembly) -> Iterator[str]:
    limits = ("TimeoutSeconds", "TimeoutSecondsPath")
    return (task.label for task in tasks(assembly) if not any(task.state.get(name) for name in limits))


def known_fields(machine: Resource, _: Assembly) -> bool:
    """An optimized integration refuses a field that it does not know, and with it the deployment."""
    try:
        allowed_fields.check(definition(machine))
    except (KeyError, TypeError, ValueError):
        return False
    return True


def judges(function: Resource, _: Assembly) -> bool:
    """The quality gate: with these limits it lets everything pass."""
    if handler_of(function) != functions.QUALITY_GATE.folder:
        return True
    names = ("MIN_ACCURACY", "MAX_REGRESSION", "MIN_FP32_AGREEMENT")
    try:
        accuracy, regression, agreement = (float(function.get(f"Environment.Variables.{name}")) for name in names)
        return accuracy > 0 and regression < LAX and agreement > LAX
    except (TypeError, ValueError):
        return False


def own_log_group(function: Resource, assembly: Assembly) -> bool:
    return assembly.at(function.get("LoggingConfig.LogGroup"), "AWS::Logs::LogGroup") is not None


def keeps_failures(function: Resource, assembly: Assembly) -> bool:
    """CloudFormation and rules invoke asynchronously: without a destination a failure is lost."""
    if not _invoked_asynchronously(function, assembly):
        return True
    return any(
        function.points_at(config.get("FunctionName")) and config.get("DestinationConfig.OnFailure.Destination")
        for config in assembly.of("AWS::Lambda::EventInvokeConfig")
    )


def _invoked_asynchronously(function: Resource, assembly: Assembly) -> bool:
    custom = [
        r.get("ServiceToken") for r in assembly.resources if r.kind.startswith(("Custom::", "AWS::CloudFormation"))
    ]
    targets = [
        target.get("Arn") for rule in assembly.of("AWS::Events::Rule") for target in as_list(rule.get("Targets"))
    ]
    subscribed = [item.get("Endpoint") for item in assembly.of("AWS::SNS::Subscription")]
    return any(function.points_at(value) for value in (*custom, *targets, *subscribed))


CONTROLS = (
    each("machine.logged", "log all events, without payloads, to an encrypted log group", MACHINE, logs_everything),
    each(
        "machine.traced",
        "have tracing enabled",
        MACHINE,
        lambda machine, _: machine.get("TracingConfiguration.Enabled") is True,
    ),
    each(
        "machine.ends",
        "have a timeout for the whole execution",
        MACHINE,
        lambda machine, _: definition(machine).get("TimeoutSeconds"),
    ),
    each(
        "task.fields", "have only fields that Step Functions' integrations are known to accept", MACHINE, known_fields
    ),
    Control("task.caught", "have a Catch", uncaught),
    Control("task.ends", "have a timeout", without_timeout),
    each(
        "function.runtime",
        f"run on the newest runtime ({NEWEST_RUNTIME})",
        FUNCTION,
        lambda function, _: function.get("Runtime") == NEWEST_RUNTIME,
    ),
    each(
        "function.traced",
        "have tracing enabled",
        FUNCTION,
        lambda function, _: function.get("TracingConfig.Mode") == "Active",
    ),
    each(
        "function.limits",
        "set its memory size and timeout",
        FUNCTION,
        lambda function, _: function.get("MemorySize") and function.get("Timeout"),
    ),
    each("function.no-network", "run outside the network", FUNCTION, lambda function, _: not function.get("VpcConfig")),
    each(
        "function.unreserved",
        "not reserve concurrency: new accounts have none to spare",
        FUNCTION,
        lambda function, _: function.get("ReservedConcurrentExecutions") is None,
    ),
    each("function.gate", "refuse some models if it is the quality gate", FUNCTION, judges, when="Strict"),
    each("function.logs", "have a log group of its own", FUNCTION, own_log_group),
    each("function.failures", "have a failure destination if it is invoked asynchronously", FUNCTION, keeps_failures),
    each(
        "function.key",
        "encrypt its environment with the customer managed key",
        FUNCTION,
        lambda function, assembly: assembly.at(function.get("KmsKeyArn"), "AWS::KMS::Key"),
    ),
)
