"""Tasks that invoke a Lambda function."""

from __future__ import annotations

from typing import Any

from localcloud.stepfunctions.asl.errors import StatesError
from localcloud.stepfunctions.asl.json_text import to_json
from localcloud.stepfunctions.integrations.api_call import ApiCall
from localcloud.stepfunctions.integrations.shapes import parse_json


class LambdaInvoke(ApiCall):
    """lambda:invoke: the payload inside the invocation's response."""

    def start(self, parameters: Any) -> Any:
        return self.invoke({"Payload": {}, **parameters})

    def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """The response; StatesError under the function's own error type when it raised."""
        payload = request["Payload"]
        # A payload that is text travels as it is when it is JSON already, as in AWS.
        text = payload if isinstance(payload, str) and parse_json(payload) != payload else to_json(payload)
        response = self.call("Invoke", {**request, "Payload": text})
        answer = parse_json(response.get("Payload") or "null")
        if response.get("FunctionError"):
            error = answer.get("errorType", "Lambda.Unknown") if isinstance(answer, dict) else "Lambda.Unknown"
            raise StatesError(error, to_json(answer))
        metadata = {"HttpStatusCode": response["StatusCode"]}
        return {"ExecutedVersion": "$LATEST", **response, "Payload": answer, "SdkHttpMetadata": metadata}


class LambdaFunction(LambdaInvoke):
    """A function's ARN as the Resource: input is the payload, the result is what it returns."""

    def check_template(self, template: Any) -> list[str]:
        return []

    def check(self, parameters: Any) -> None:
        """Any JSON is a payload."""

    def start(self, parameters: Any) -> Any:
        return self.invoke({"FunctionName": self.resource, "Payload": parameters})["Payload"]
