"""The errors of InvokeEndpoint, as the service words them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from werkzeug.wrappers import Response

from localcloud.context import Cloud
from localcloud.errors import AwsError

_MAX_MESSAGE = 1024


@dataclass
class ModelError(AwsError):
    """The container answered with an error: status 424, which carries the container's status and message."""

    original_status: int = 500
    original_message: str = ""
    log_stream: str = ""


def container_error(cloud: Cloud, endpoint_name: str, status: int, text: str, log_stream: str) -> ModelError:
    """The error that a caller gets for a container's 4xx or 5xx; status 0 if it never answered."""
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
    """An error in the runtime's REST protocol."""
    body = {"Message": error.message}
    if isinstance(error, ModelError):
        body |= {"OriginalMessage": error.original_message, "LogStreamArn": error.log_stream}
        content = json.dumps({**body, "OriginalStatusCode": error.original_status})
    else:
        content = json.dumps(body)
    return Response(content, error.status, {"x-amzn-ErrorType": error.code}, content_type="application/json")
