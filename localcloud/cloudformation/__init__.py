"""CloudFormation: stacks whose resources are made through the services' own APIs."""

from __future__ import annotations

import json

from botocore import xform_name
from werkzeug.wrappers import Response

from localcloud import errors
from localcloud.cloudformation.api import CloudFormationApi
from localcloud.cloudformation.change_sets import ChangeSetsApi
from localcloud.cloudformation.engine import Engine
from localcloud.cloudformation.existence import DeployedResource
from localcloud.cloudformation.providers.custom import function_failed, receive
from localcloud.context import Cloud
from localcloud.functions import LambdaApi
from localcloud.http_requests import Environ, identify, read_body
from localcloud.query_protocol import parse_query, query_response, service_model
from localcloud.server import Application

_INSPECT = "/_localcloud/stacks/"


def _described(engine: Engine, name: str) -> str:
    """A stack's resources with their resolved properties, which CloudFormation's own API does not show."""
    described: list[DeployedResource] = [
        {
            "logical_id": resource.logical_id,
            "type": resource.type,
            "physical_id": resource.physical_id,
            "status": resource.status,
            "properties": resource.properties,
        }
        for resource in engine.find(name).resources.values()
    ]
    return json.dumps(described)


def install(cloud: Cloud, app: Application, functions: LambdaApi) -> None:
    """Answer the whole CloudFormation API; what has no method here is refused by name."""
    engine = Engine(cloud)
    change_sets = ChangeSetsApi(cloud, engine)
    api = CloudFormationApi(cloud, engine, change_sets)

    def inspect(environ: Environ) -> Response | None:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(_INSPECT):
            return None
        return Response(_described(engine, path.removeprefix(_INSPECT)), content_type="application/json")

    def handle(environ: Environ) -> Response | None:
        operation = identify(environ)
        if operation.service != "cloudformation" or operation.name is None:
            return None
        name = xform_name(operation.name)
        function = getattr(api, name, None) or getattr(change_sets, name, None)
        if function is None:
            raise errors.not_emulated("cloudformation", operation.name)
        model = service_model("cloudformation").operation_model(operation.name)
        return query_response(function(parse_query(read_body(environ), model)) or {}, model)

    functions.on_failed_event(lambda event, message: function_failed(event.get("ResponseURL", ""), message))
    app.add_handler(inspect)
    app.add_handler(receive)
    app.add_handler(handle)
