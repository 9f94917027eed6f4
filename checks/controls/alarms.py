"""Alarms: they notify, they watch what exists, and there is a value with which they fire."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, Found, each, of_assembly
from checks.metrics import COUNTED, DIMENSIONS, ERROR_RATES, MICROSECONDS, Metric, metric_of
from checks.ownership import canonical, is_ours
from imgcls.contract import metrics

ALARM, COMPOSITE, TOPIC = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::SNS::Topic"
ENDPOINT, CONFIG = "AWS::SageMaker::Endpoint", "AWS::SageMaker::EndpointConfig"
LOWEST_MICROSECONDS = 10_000
"""10 ms: a lower threshold was probably meant in milliseconds."""
TREATMENTS = ("notBreaching", "breaching")
LONGEST = 3600
"""Seconds of bad values after which an alarm must have fired; a day for the absence of traffic."""
DAY = 24 * 3600
DELIBERATE = 3
"""Bad periods in a row that may be asked for of what happens once, such as a failed execution."""
HIGH = re.compile(r"GreaterThan(OrEqualTo)?Threshold")
SHOWING = ("Average", "Maximum", "Sum")
LOW = re.compile(r"LessThan(OrEqualTo)?Threshold")
RULE = re.compile(r"(ALARM\([\"']?\$\{[^}]+\}[\"']?\)|\(|\)|\s|AND|OR)+")


def notifies(alarm: Resource, assembly: Assembly) -> bool:
    existing = assembly.expected.get("ExistingTopic")
    actions = as_list(alarm.get("AlarmActions"))
    told = existing in actions if existing else any(assembly.at(action, TOPIC) for action in actions)
    return told and alarm.get("ActionsEnabled", True) is True


def in_microseconds(alarm: Resource, _: Assembly) -> bool:
    return alarm.get("MetricName") not in MICROSECONDS or _number(alarm.get("Threshold", 0)) >= LOWEST_MICROSECONDS


def existing_metric(alarm: Resource, assembly: Assembly) -> bool:
    """No control judges a formula: one metric, or a composite of alarms."""
    return _metric(alarm, assembly) is not None and not alarm.get("Metrics")


def _metric(alarm: Resource, assembly: Assembly) -> Metric | None:
    """What AWS or Kennel emits, or a metric filter of these templates counts."""
    namespace, name = alarm.get("Namespace"), alarm.get("MetricName")
    rules = [
        rule for item in assembly.of("AWS::Logs::MetricFilter") for rule in as_list(item.get("MetricTransformations"))
    ]
    counted = any((rule.get("MetricNamespace"), rule.get("MetricName")) == (namespace, name) for rule in rules)
    return Metric(COUNTED) if counted else metric_of(namespace, name)


def unreachable(assembly: Assembly) -> Iterator[Found]:
    """A series that nothing writes has no values, and the alarm is silent for ever."""
    for alarm in assembly.of(ALARM):
        found = {str(item.get("Name")): item.get("Value") for item in as_list(alarm.get("Dimensions"))}
        wanted = DIMENSIONS.get(str(alarm.get("Namespace")), ())
        if set(found) != set(wanted):
            yield alarm.label, f"its dimensions are not {', '.join(wanted)}"
        elif strange := [name for name, value in found.items() if not EMITTED[name](value, assembly)]:
            yield alarm.label, f"nothing emits {', '.join(f'{name} {found[name]}' for name in strange)}"


def _machine(value: Any, assembly: Assembly) -> bool:
    names = [str(item.get("StateMachineName")) for item in assembly.of("AWS::StepFunctions::StateMachine")]
    text = canonical(str(value), assembly)
    named = is_ours(value, assembly) and text.rpartition(":stateMachine:")[2] in names
    return named or assembly.at(value, "AWS::StepFunctions::StateMachine") is not None


def _endpoint(value: Any, assembly: Assembly) -> bool:
    names = [item.get("EndpointName") for item in assembly.of(ENDPOINT)]
    return value in names or (str(value).endswith(".EndpointName}") and assembly.at(value, ENDPOINT) is not None)


def _variant(value: Any, assembly: Assembly) -> bool:
    return value in [v.get("VariantName") for c in assembly.of(CONFIG) for v in as_list(c.get("ProductionVariants"))]


def _at(*kinds: str) -> Callable[[Any, Assembly], bool]:
    return lambda value, assembly: assembly.at(value, *kinds) is not None


def _environment(value: Any, assembly: Assembly) -> bool:
    """The name that EmitFindings has as a variable."""
    functions = assembly.of("AWS::Lambda::Function")
    return value in [
        f.get("Environment.Variables.ENVIRONMENT") for f in functions if "emit_findings" in str(f.get("Handler"))
    ]


EMITTED: dict[str, Callable[[Any, Assembly], bool]] = {
    "EndpointName": _endpoint,
    "FunctionName": _at("AWS::Lambda::Function"),
    "QueueName": _at("AWS::SQS::Queue"),
    "StateMachineArn": _machine,
    "TopicName": _at(TOPIC),
    "VariantName": _variant,
    metrics.ABOUT: lambda value, _: value in ("learning", "system"),
    metrics.ENVIRONMENT: _environment,
}


def silent(assembly: Assembly) -> Iterator[Found]:
    for alarm in assembly.of(ALARM):
        if why := _never(alarm, _metric(alarm, assembly)):
            yield alarm.label, why


def _never(alarm: Resource, metric: Metric | None) -> str:
    """Why an alarm does not fire when it should; empty if it does."""
    comparison, statistic = (
        str(alarm.get("ComparisonOperator")),
        str(alarm.get("Statistic") or alarm.get("ExtendedStatistic")),
    )
    high, low = HIGH.fullmatch(comparison), LOW.fullmatch(comparison)
    if metric is None or not (high or low):
        return "" if metric is None else f"{comparison} is not judged"
    if (low and metric.worse == "more") or (high and metric.worse == "less"):
        return "it fires when all is well"
    rate = alarm.get("MetricName") in ERROR_RATES and statistic in ("Sum", "SampleCount")
    highest, threshold = COUNTED if rate else metric.highest, _number(alarm.get("Threshold"))
    if (high and threshold >= highest) or (low and threshold <= 0):
        return f"the metric does not reach {alarm.get('Threshold')}"
    if (high and _hides_high(statistic)) or (low and statistic == "Maximum"):
        return f"{statistic} hides single bad values"
    if low and metric.silent and alarm.get("TreatMissingData") != "breaching":
        return "without traffic there is no data, which it does not take as breaching"
    return _too_late(alarm, silence=bool(low and metric.silent))


def _hides_high(statistic: str) -> bool:
    """What is not known to show them hides them: trimmed ranges, ranks and the number of samples too."""
    share = re.fullmatch(r"(?:p|tm|wm)(\d+(?:\.\d+)?)", statistic)
    return statistic not in SHOWING and (share is None or float(share[1]) < 50)


def _too_late(alarm: Resource, *, silence: bool) -> str:
    period, periods = _number(alarm.get("Period", 0)), _number(alarm.get("EvaluationPeriods", 0))
    needed = _number(alarm.get("DatapointsToAlarm", periods))
    once = alarm.get("Namespace") in ("AWS/States", metrics.NAMESPACE, "AWS/SNS", "AWS/Lambda")
    if needed > periods or not 0 < period * needed <= (DAY if silence else LONGEST) or period * periods > DAY:
        return f"{needed:g} of {periods:g} periods of {period:g} s are too many"
    if period % 60:
        return f"AWS sends a value a minute, which periods of {period:g} s miss"
    if once and needed > DELIBERATE:
        return f"what happens once is not seen in {needed:g} periods"
    warming = _number(alarm.get("WarmUpConfiguration.WarmUpPeriodDurationInMinutes", 0))
    return "it warms up for more than a day" if warming * 60 > DAY else ""


def _number(value: Any) -> float:
    """What is not a number, such as a reference, is more than any alarm may have."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("inf")


def composites(assembly: Assembly) -> Iterator[Found]:
    for alarm in assembly.of(COMPOSITE):
        rule = str(alarm.get("AlarmRule"))
        named = re.findall(r"\$\{[^}]+\}", rule)
        if not named or not RULE.fullmatch(rule) or not all(assembly.at(name, ALARM, COMPOSITE) for name in named):
            yield alarm.label, rule


def watches(*names: str) -> Callable[[Assembly], bool]:
    return lambda assembly: set(names) <= {alarm.get("MetricName") for alarm in assembly.of(ALARM)}


CONTROLS = (
    each("alarm.tells", "notify the topic, with its actions enabled", (ALARM, COMPOSITE), notifies),
    each(
        "alarm.silence",
        "state how missing data is treated",
        ALARM,
        lambda a, _: a.get("TreatMissingData") in TREATMENTS,
    ),
    each("alarm.unit", "have a threshold in microseconds if its metric is", ALARM, in_microseconds),
    each("alarm.metric", "watch a metric that exists in its namespace", ALARM, existing_metric),
    Control("alarm.reaches", "watch a series that a resource of these templates emits", unreachable),
    Control("alarm.fires", "have a threshold and periods with which it fires when it should", silent),
    Control("alarm.composed", "be a combination of alarms of these templates that can be true", composites),
    of_assembly(
        "alarm.endpoint",
        "watch the endpoint's errors, latency, memory, disk and model cache",
        watches(
            "Invocation4XXErrors",
            "Invocation5XXErrors",
            "ModelLatency",
            "MemoryUtilization",
            "DiskUtilization",
            "ModelCacheHit",
        ),
    ),
    of_assembly(
        "alarm.pipeline", "watch failed and timed-out executions", watches("ExecutionsFailed", "ExecutionsTimedOut")
    ),
    of_assembly("alarm.findings", "watch the findings of the training rules", watches("Findings")),
)
