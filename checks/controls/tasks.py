"""What a state machine calls and with what: integrations, functions, images and places that are ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from checks.assembly import Assembly, Resource, dig, texts
from checks.control import Control, Found, each
from checks.controls.jobs import PROCESSING, TRAINING, TUNING, job, of_jobs
from checks.machines import KIND, Task, definition, either, invoked, states, tasks
from checks.ownership import is_ours, own_bucket, own_image
from pipeline.processing_jobs import UNPACK_AND_RUN
from pipeline.tasks import GET_OBJECT, LAMBDA, PROCESSING_JOB, PUBLISH, PUT_OBJECT, SDK_SAGEMAKER, TRAINING_JOB

INTEGRATIONS = (LAMBDA, PUBLISH, GET_OBJECT, PUT_OBJECT, TRAINING_JOB, PROCESSING_JOB)
OF_JOBS = re.compile(
    re.escape(SDK_SAGEMAKER) + r"(create|describe|stop|list)(Training|Processing|HyperParameterTuning)Jobs?"
)
TARGETS: dict[str, Callable[[Mapping[str, Any], Assembly], object]] = {
    LAMBDA: lambda parameters, assembly: (
        assembly.exactly(parameters.get("FunctionName"), "AWS::Lambda::Function")
        and not {"Qualifier", "Qualifier.$"} & parameters.keys()
    ),
    PUBLISH: lambda parameters, assembly: is_ours(parameters.get("TopicArn"), assembly),
    GET_OBJECT: lambda parameters, assembly: _of_models(parameters.get("Bucket"), assembly),
    PUT_OBJECT: lambda parameters, assembly: _of_models(parameters.get("Bucket"), assembly),
}
LONGEST = 5 * 24 * 3600
"""Seconds: SageMaker's default limit of a training job. A longer job is a mistake or somebody else's."""
IMAGES = {
    PROCESSING: "AppSpecification.ImageUri",
    TRAINING: "AlgorithmSpecification.TrainingImage",
    TUNING: "AlgorithmSpecification.TrainingImage",
}
FROM_CALLER = re.compile(r"\$\$\.Execution\.Input|\$\.input\b")
"""What whoever starts an execution writes. PlanRun alone reads it, and checks it."""
TEST_SPLIT = re.compile(r"/test(/|'|$)")
SPLITS = ("train", "validation", "test")
LOCATION = re.compile(r"s3://[^'\"\s,]*")
UNUSED = (
    "RemoteDebugConfig",
    "AlgorithmSpecification.AlgorithmName",
    "AlgorithmSpecification.ContainerEntrypoint",
    "DebugHookConfig",
    "TensorBoardOutputConfig",
)
"""Fields that open a shell in the container, run somebody else's code or write somewhere else."""


def _of_models(bucket: Any, assembly: Assembly) -> bool:
    """Whether it is the bucket of plans and models: people write the one of data sets, and could write a plan there."""
    found = assembly.at(bucket, "AWS::S3::Bucket")
    urls = [str(model.get("PrimaryContainer.ModelDataUrl")) for model in assembly.of("AWS::SageMaker::Model")]
    return found is not None and all(url.startswith(f"s3://{found.ref}/") for url in urls)


def strange_integrations(assembly: Assembly) -> Iterator[Found]:
    for task in tasks(assembly):
        resource = str(task.state.get("Resource"))
        if resource not in INTEGRATIONS and not OF_JOBS.fullmatch(resource):
            yield task.label, resource
        elif not _is_target(resource, task, assembly):
            yield task.label, "its target is not a resource of these templates"
        elif "Credentials" in task.state:
            yield task.label, "it takes on a role of its own"


def _is_target(resource: str, task: Task, assembly: Assembly) -> bool:
    return resource not in TARGETS or bool(TARGETS[resource](task.parameters, assembly))


def readable(machine: Resource, _: Assembly) -> bool:
    """JSONata and definitions that are elsewhere could say anything."""
    found = definition(machine)
    languages = [part.get("QueryLanguage", "JSONPath") for part in (found, *(state for _, state in states(found)))]
    return bool(found.get("States")) and set(languages) == {"JSONPath"} and not machine.get("Definition")


def outside_input(assembly: Assembly) -> Iterator[Found]:
    for task in tasks(assembly):
        planned = task.state.get("Resource") == LAMBDA and _is_plan(task, assembly)
        if not planned and (found := next((text for text in texts(task.parameters) if FROM_CALLER.search(text)), "")):
            yield task.label, found


def _is_plan(task: Task, assembly: Assembly) -> bool:
    function = invoked(task.state, assembly)
    return function is not None and ".plan_run." in str(function.get("Handler"))


def strange_locations(assembly: Assembly) -> Iterator[Found]:
    for machine in assembly.of(KIND):
        for name, state in states(definition(machine)):
            for place in (found for text in texts(state) for found in LOCATION.findall(text)):
                if not own_bucket(place, assembly):
                    yield f"{machine.label}:{name}", place


def test_channels(assembly: Assembly) -> Iterator[Found]:
    for machine in assembly.of(KIND):
        for name, state in states(definition(machine)):
            for channel in (found for found in _channels(state) if "ChannelName" in found):
                source = next((text for text in texts(channel) if TEST_SPLIT.search(text)), "")
                if source:
                    yield f"{machine.label}:{name}", source


def strange_splits(assembly: Assembly) -> Iterator[Found]:
    """A channel or an input that is called like a split is read as that split, by the gate too."""
    for machine in assembly.of(KIND):
        for name, state in states(definition(machine)):
            for channel in _channels(state):
                split = str(channel.get("ChannelName") or channel.get("InputName"))
                places = [text for text in texts(channel) if "prepared" in text or text.startswith("s3://")]
                if split in SPLITS and not all(f"/{split}/" in place for place in places):
                    yield f"{machine.label}:{name}", f"{split} is {places}"


def _channels(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "ChannelName" in value or "InputName" in value:
            yield value
        for item in value.values():
            yield from _channels(item)
    elif isinstance(value, list):
        for item in value:
            yield from _channels(item)


def own_images(task: Task, assembly: Assembly) -> bool:
    return own_image(dig(job(task), IMAGES[task.operation]), assembly)


def plain(task: Task, _: Assembly) -> bool:
    """The fields that say what runs and as whom are written out, so that no execution can change them."""
    entry = dig(job(task), "AppSpecification.ContainerEntrypoint")
    runs = task.operation != PROCESSING or (entry is not None and entry[:-1] == ["bash", "-c", UNPACK_AND_RUN])
    return runs and not any(dig(job(task), path) or either(job(task), path) for path in UNUSED)


def short(task: Task, _: Assembly) -> bool:
    limits = [
        either(job(task), "StoppingCondition.MaxRuntimeInSeconds"),
        either(job(task), "StoppingCondition.MaxWaitTimeInSeconds"),
        either(task.parameters, "HyperParameterTuningJobConfig.ResourceLimits.MaxRuntimeInSeconds"),
    ]
    return all(not isinstance(limit, (int, float)) or limit <= LONGEST for limit in limits)


def soon(assembly: Assembly) -> Iterator[Found]:
    for machine in assembly.of(KIND):
        found = definition(machine)
        timed = [("", found, "TimeoutSeconds")] + [(f":{n}", s, k) for n, s in states(found) for k in _LIMITS]
        for name, state, key in timed:
            if isinstance(state.get(key), (int, float)) and state[key] > LONGEST:
                yield f"{machine.label}{name}", f"{key} is {state[key]}"


_LIMITS = ("TimeoutSeconds", "Seconds", "HeartbeatSeconds")
CONTROLS = (
    each("machine.readable", "have a definition in JSONPath in its template", KIND, readable),
    Control(
        "task.integration",
        "call only the integrations of the pipeline, on resources of these templates",
        strange_integrations,
    ),
    Control("task.input", "take what it runs from the plan: only PlanRun reads the caller's input", outside_input),
    Control("task.locations", "read from and write to buckets of these templates", strange_locations),
    Control("task.channels", "not give training a channel of the test split", test_channels),
    Control("task.splits", "read as a split what it is called: judge a model on the test split alone", strange_splits),
    Control("task.short", "end within five days", soon),
    of_jobs("job.image", "run an image of this account, of AWS's training images, or of the project file", own_images),
    of_jobs("job.plain", "have no field that opens its container or runs other code", plain),
    of_jobs("job.short", "run for five days at most", short),
)
