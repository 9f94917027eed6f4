"""The TypedDicts of requests agree with botocore's description of the service."""

import contextlib
import inspect
from typing import NotRequired, Required, TypeVar, get_args, get_origin, get_type_hints, is_typeddict

import botocore.session
import pytest

from localcloud.functions.async_invocation import EventInvokeConfig
from localcloud.sagemaker.api.listing import ListQuery, Moment
from localcloud.sagemaker.api.tags import AddTagsRequest, DeleteTagsRequest, ListTagsRequest, Tags
from localcloud.sagemaker.containers.models import Model
from localcloud.sagemaker.endpoints.api import Endpoints
from localcloud.sagemaker.endpoints.models_and_configs import RecordStore
from localcloud.sagemaker.endpoints.requests import EndpointConfig
from localcloud.sagemaker.endpoints.settings import EndpointSettings
from localcloud.sagemaker.jobs.processing.api import ProcessingJobs
from localcloud.sagemaker.jobs.records import JobRequest, StoppingCondition
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.training.api import TrainingJobs
from localcloud.sagemaker.jobs.transform.api import TransformJobs
from localcloud.sagemaker.jobs.tuning.api import TuningJobs
from localcloud.sagemaker.model_registry.api import ModelRegistry
from localcloud.sagemaker.studio import Studio
from localcloud.sagemaker.studio.apps import Apps
from localcloud.sagemaker.studio.network import StudioNetwork
from localcloud.sagemaker.studio.records import Recorder

SESSION = botocore.session.Session()
# Optional fields that several operations share, though some of the operations do not have them.
SHARED = {name for shared in (ListQuery, JobRequest, StoppingCondition) for name in get_type_hints(shared)}
TYPES = {
    str: {"string"},
    int: {"integer", "long"},
    bool: {"boolean"},
    Moment: {"timestamp"},
}


def disagreements(hint, shape, path):
    """Where `hint` promises more than `shape` does: fields that do not exist or may be missing, and other types."""
    if hint is object:
        return
    if is_typeddict(hint) and shape.type_name == "structure":
        for name, field in get_type_hints(hint, include_extras=True).items():
            optional = get_origin(field) is NotRequired
            if name not in shape.members:
                if name not in SHARED:
                    yield f"{path} has no field {name}"
                continue
            if not optional and name in hint.__required_keys__ and name not in shape.required_members:
                yield f"{path}.{name} may be missing"
            inner = get_args(field)[0] if get_origin(field) in (NotRequired, Required) else field
            yield from disagreements(inner, shape.members[name], f"{path}.{name}")
    elif get_origin(hint) is list and shape.type_name == "list":
        yield from disagreements(get_args(hint)[0], shape.member, f"{path}[]")
    elif get_origin(hint) is dict and shape.type_name == "map":
        yield from disagreements(get_args(hint)[1], shape.value, f"{path}{{}}")
    elif shape.type_name not in TYPES.get(hint, ()):
        yield f"{path} is a {shape.type_name}, not {hint}"


def operation(service, name):
    return SESSION.get_service_model(service).operation_model(name)


@pytest.fixture(scope="module")
def parts(local_cloud):
    """Everything that answers operations of SageMaker."""
    cloud, tags, runner = local_cloud.cloud, Tags(), JobRunner(1)
    models = RecordStore(cloud, tags, "Model", "model", lambda request: None)
    configs = RecordStore(cloud, tags, "EndpointConfig", "endpoint config", lambda request: None)
    training = TrainingJobs(cloud, runner, tags)
    recorder, network = Recorder(cloud, tags), StudioNetwork(cloud)
    apps = Apps(recorder, network)
    with contextlib.closing(Endpoints(cloud, tags, models, configs, EndpointSettings())) as endpoints:
        yield [
            training,
            ProcessingJobs(cloud, runner, tags),
            TuningJobs(cloud, runner, tags, training),
            TransformJobs(cloud, runner, tags),
            ModelRegistry(cloud, tags),
            Studio(recorder, apps, network),
            apps,
            models,
            configs,
            endpoints,
        ]


def test_every_operation_promises_what_the_service_does(parts):
    found, checked = [], 0
    for part in parts:
        for name, function in part.operations().items():
            [parameter] = inspect.signature(function).parameters
            hint = get_type_hints(function)[parameter]
            if is_typeddict(hint):
                found += disagreements(hint, operation("sagemaker", name).input_shape, name)
                checked += 1
            else:  # of RecordStore, which reads the name of either kind
                assert isinstance(part, RecordStore), name
                assert isinstance(hint, TypeVar) == name.startswith("Create")
    assert not found, "\n".join(found)
    assert checked >= 45


@pytest.mark.parametrize(
    ("hint", "shape"),
    [
        (Model, operation("sagemaker", "CreateModel").input_shape),
        (EndpointConfig, operation("sagemaker", "CreateEndpointConfig").input_shape),
        (AddTagsRequest, operation("sagemaker", "AddTags").input_shape),
        (ListTagsRequest, operation("sagemaker", "ListTags").input_shape),
        (DeleteTagsRequest, operation("sagemaker", "DeleteTags").input_shape),
        (EventInvokeConfig, operation("lambda", "GetFunctionEventInvokeConfig").output_shape),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_other_shapes_promise_what_the_service_does(hint, shape):
    assert list(disagreements(hint, shape, shape.name)) == []


def test_a_wrong_promise_is_found():
    shape = operation("sagemaker", "CreateModel").input_shape

    class Wrong(Model):
        Nonsense: NotRequired[str]
        ExecutionRoleArn: str
        VpcConfig: NotRequired[list[str]]

    assert list(disagreements(Wrong, shape, "model")) == [
        "model.ExecutionRoleArn may be missing",
        "model has no field Nonsense",
        "model.VpcConfig is a structure, not list[str]",
    ]
