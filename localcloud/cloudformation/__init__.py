"""CloudFormation: stacks whose resources are made through the services' own APIs."""

from __future__ import annotations

from botocore import xform_name
from werkzeug.wrappers import Response

from localcloud.cloudformation.api import CloudFormationApi
from localcloud.cloudformation.engine import Engine
from localcloud.cloudformation.providers.custom import function_failed, receive
from localcloud.context import Cloud
from localcloud.errors import not_emulated
from localcloud.functions import LambdaFront
from localcloud.http_requests import Environ, identify, read_body
from localcloud.query_protocol import parse_query, query_response, service_model
from localcloud.server import Application


def install(cloud: Cloud, app: Application, functions: LambdaFront) -> None:
    """Answer the whole CloudFormation API; what has no method here is refused by name."""
    api = CloudFormationApi(cloud, Engine(cloud))

    def handle(environ: Environ) -> Response | None:
        operation = identify(environ)
        if operation.service != "cloudformation" or operation.name is None:
            return None
        function = getattr(api, xform_name(operation.name), None)
        if function is None:
            raise not_emulated("cloudformation", operation.name)
        model = service_model("cloudformation").operation_model(operation.name)
        return query_response(function(parse_query(read_body(environ), model)) or {}, model)

    functions.on_failed_event(lambda event, message: function_failed(event.get("ResponseURL", ""), message))
    app.add_handler(receive)
    app.add_handler(handle)
