"""The errors of InvokeEndpoint, in the service's words."""

from __future__ import annotations

import json
from dataclasses import dataclass

from werkzeug.wrappers import Response

from localcloud.context import Cloud
from localcloud.errors import AwsError

_MAX_MESSAGE = 1024


@dataclass
class ModelError(AwsError):
    """The container answered with an error: status 424, with its own status and message inside."""

    original_status: int = 500
    original_message: str = ""
    log_stream: str = ""


def container_error(cloud: Cloud, endpoint_name: str, status: int, text: str, log_stream: str) -> ModelError:
    """What a caller sees of a container's 4xx or 5xx; status 0 when it never answered."""
    group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
    side = "client" if 400 <= status < 500 else "server"
    message = (
        f'Received {side} error ({status}) from primary with message "{text[:_MAX_MESSAGE]}". See '
        f"https://{cloud.region}.console.aws.amazon.com/cloudwatch/home?region={cloud.region}"
        f"#logEventViewer:group={group} in account {cloud.account_id} for more information."
    )
    arn = f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group:{group}:log-stream:{log_stream}"
    return ModelError("ModelError", message, 424, status, text[:_MAX_MESSAGE], arn)


def error_response(error: AwsError) -> Response:
    """An error as the runtime's REST protocol carries it."""
    body = {"Message": error.message}
    if isinstance(error, ModelError):
        body |= {"OriginalMessage": error.original_message, "LogStreamArn": error.log_stream}
        content = json.dumps({**body, "OriginalStatusCode": error.original_status})
    else:
        content = json.dumps(body)
    return Response(content, error.status, {"x-amzn-ErrorType": error.code}, content_type="application/json")
