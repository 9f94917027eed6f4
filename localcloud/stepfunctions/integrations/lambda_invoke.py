"""Tasks that invoke a Lambda function."""

from __future__ import annotations

from localcloud.json_types import JSON, JsonObject, as_object
from localcloud.stepfunctions.asl.errors import StatesError
from localcloud.stepfunctions.asl.json_text import to_json
from localcloud.stepfunctions.integrations.api_call import ApiCall
from localcloud.stepfunctions.integrations.shapes import parse_json


class LambdaInvoke(ApiCall):
    """lambda:invoke: the payload inside the invocation's response."""

    def start(self, parameters: JSON) -> JSON:
        return self.invoke({"Payload": {}, **as_object(parameters)})

    def invoke(self, request: JsonObject) -> JsonObject:
        """The response; StatesError under the function's own error type when it raised."""
        payload = request["Payload"]
        # Text that is JSON already is sent unchanged, as in AWS.
        text = payload if isinstance(payload, str) and parse_json(payload) != payload else to_json(payload)
        response = self.call("Invoke", {**request, "Payload": text})
        answer = parse_json(str(response.get("Payload") or "null"))
        if response.get("FunctionError"):
            error = answer.get("errorType", "Lambda.Unknown") if isinstance(answer, dict) else "Lambda.Unknown"
            raise StatesError(str(error), to_json(answer))
        metadata: JsonObject = {"HttpStatusCode": response["StatusCode"]}
        return {"ExecutedVersion": "$LATEST", **response, "Payload": answer, "SdkHttpMetadata": metadata}


class LambdaFunction(LambdaInvoke):
    """A function's ARN as the Resource: input is the payload, the result is what it returns."""

    def check_template(self, template: JSON) -> list[str]:
        return []

    def check(self, parameters: JSON) -> None:
        """Any JSON is a payload."""

    def start(self, parameters: JSON) -> JSON:
        return self.invoke({"FunctionName": self.resource, "Payload": parameters})["Payload"]
