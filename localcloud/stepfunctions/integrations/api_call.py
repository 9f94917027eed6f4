"""One API operation as a task: checked parameters, the call, errors under the names that Step Functions gives them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import OperationModel

from localcloud.json_types import JSON, JsonObject
from localcloud.stepfunctions.asl.errors import RUNTIME, StatesError
from localcloud.stepfunctions.asl.json_text import to_json
from localcloud.stepfunctions.integrations import shapes

_ACRONYM = re.compile(r"([A-Z])([A-Z]+)(?![a-z])")


@dataclass(frozen=True)
class ErrorNames:
    """The names of a service's errors: `<prefix>.<Code>Exception`, or `fallback` for codes its API does not list.

    The cause reads as AWS's SDK writes it: optimized integrations use version 1 of it, aws-sdk version 2.
    """

    prefix: str
    fallback: str
    service: str
    optimized: bool

    @classmethod
    def of_sdk(cls, service_id: str) -> ErrorNames:
        """Names for aws-sdk integrations: S3.NoSuchKeyException, DynamoDb.ResourceInUseException."""
        name = _ACRONYM.sub(lambda match: match[1] + match[2].lower(), service_id).replace(" ", "")
        return cls(name, f"{name}.{name}Exception", name, optimized=False)

    def translate(self, error: ClientError, operation: OperationModel) -> StatesError:
        """The service's error as a state's failure."""
        code = _listed_code(error.response["Error"]["Code"], operation)
        name = self.fallback
        if code is not None:
            name = f"{self.prefix}.{code if code.endswith('Exception') else code + 'Exception'}"
        return StatesError(name, self._cause(error))

    def _cause(self, error: ClientError) -> str:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        request = error.response["ResponseMetadata"].get("RequestId", "localcloud")
        message, code = error.response["Error"].get("Message", ""), error.response["Error"]["Code"]
        if self.optimized:
            return (
                f"{message} (Service: {self.service}; Status Code: {status}; Error Code: {code}; "
                f"Request ID: {request}; Proxy: null)"
            )
        return f"{message} (Service: {self.service}, Status Code: {status}, Request ID: {request})"


def _listed_code(code: str, operation: OperationModel) -> str | None:
    names = {shape.name: {shape.name, shape.metadata.get("error", {}).get("code")} for shape in operation.error_shapes}
    if code == "404":  # HEAD requests have no body that could carry a code
        return next((name for name in names if name.startswith("NoSuch")), None)
    return next((name for name, codes in names.items() if code in codes), None)


@dataclass
class ApiCall:
    """A request and its response; the base class of every other task."""

    client_for: Callable[..., BaseClient]
    service: str
    operation_name: str
    resource_type: str
    resource: str
    names: ErrorNames
    waits: str = ""
    stringify: bool = False

    @property
    def operation(self) -> OperationModel:
        return self.client_for(self.service).meta.service_model.operation_model(self.operation_name)

    def check_template(self, template: JSON) -> list[str]:
        """Problems that are visible before any value is known."""
        shape = self.operation.input_shape
        return list(shapes.problems(template, shape, stringify=self.stringify)) if shape and template else []

    def check(self, parameters: JSON) -> None:
        shape = self.operation.input_shape
        found = list(shapes.problems(parameters, shape, stringify=self.stringify)) if shape else []
        if found:
            message = f"The Parameters '{to_json(parameters)}' could not be used to start the Task: "
            raise StatesError(RUNTIME, f"{message}[{', '.join(found)}]")

    def start(self, parameters: JSON) -> JSON:
        return self.call(self.operation_name, parameters)

    def call(self, operation_name: str, parameters: JSON) -> JsonObject:
        """Make a call of this service; the response as JSON data."""
        client = self.client_for(self.service)
        operation = client.meta.service_model.operation_model(operation_name)
        request = shapes.to_request(parameters, operation.input_shape)
        try:
            response = getattr(client, xform_name(operation_name))(**request)
        except ClientError as error:
            raise self.names.translate(error, operation) from error
        except ParamValidationError as error:  # lengths and ranges: the service itself would refuse them
            raise StatesError(self.names.fallback, f"{error} (Status Code: 400)") from error
        except BotoCoreError as error:
            raise StatesError(f"{self.names.prefix}.SdkClientException", str(error)) from error
        del response["ResponseMetadata"]
        return shapes.to_result(response, operation.output_shape, epoch_times=self.names.optimized)

    def poll(self, answer: JSON, parameters: JSON) -> tuple[JSON] | None:
        raise NotImplementedError(f"{self.resource} is not a job")

    def stop(self, answer: JSON, parameters: JSON) -> None:
        raise NotImplementedError(f"{self.resource} is not a job")
