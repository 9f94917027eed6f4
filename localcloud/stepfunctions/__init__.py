"""Step Functions: state machines that really run, on this package's own interpreter."""

from __future__ import annotations

from botocore import xform_name

from localcloud.context import Cloud
from localcloud.http_requests import Environ, identify, read_json
from localcloud.server import Application
from localcloud.stepfunctions.service import StepFunctions

_OURS = (
    "ValidateStateMachineDefinition",
    "StartExecution",
    "StopExecution",
    "DescribeExecution",
    "DescribeStateMachineForExecution",
    "ListExecutions",
    "GetExecutionHistory",
    "RedriveExecution",
    "SendTaskSuccess",
    "SendTaskFailure",
    "SendTaskHeartbeat",
)
# What moto keeps records of; everything else is refused by name.
_MOTO = (
    "CreateStateMachine",
    "UpdateStateMachine",
    "DescribeStateMachine",
    "DeleteStateMachine",
    "ListStateMachines",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
)


def install(cloud: Cloud, app: Application | None = None) -> None:
    """Put executions behind the Step Functions API and check definitions before moto records them."""
    application = app or cloud.app
    if application is None:
        raise ValueError("the cloud has no application to install Step Functions in")
    service = StepFunctions(cloud)

    def check(environ: Environ) -> None:
        operation = identify(environ)
        if operation.service == "states" and operation.name == "CreateStateMachine":
            service.check_create(read_json(environ))
        elif operation.service == "states" and operation.name == "UpdateStateMachine":
            service.check_update(read_json(environ))

    application.add_handler(check)
    application.allow_only("states", _MOTO)
    for name in _OURS:
        application.operation("states", name, getattr(service, xform_name(name)))
    cloud.on_stop(service.close)
