"""The endpoint under test: whether it exists, and predictions by target model, waiting for a cold load."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import custom_attributes
from imgcls.contract.failures import service_errors
from lambdas.common import bounded, endpoints
from lambdas.common.clients import client
from lambdas.common.errors import NotReady

ANSWERING = (endpoints.IN_SERVICE, *endpoints.CHANGING)
POLL_SECONDS = 5.0


class SwitchedOff(RuntimeError):
    """The endpoint does not exist, or goes away while it is asked."""


@dataclass(frozen=True)
class Endpoint:
    """`deadline` is a value of `time.monotonic()`, beyond which nothing waits."""

    name: str
    deadline: float

    def wait_until_answering(self) -> None:
        """Raises SwitchedOff if there is no endpoint, NotReady if it cannot answer."""
        while (status := self._status()) == endpoints.CREATING:
            self._sleep(f"the endpoint {self.name} is still {status}")
        if status not in ANSWERING:
            raise NotReady(f"the endpoint {self.name} is {status}: see its FailureReason and its logs")

    def predict(self, target_model: str, content_type: str, body: bytes) -> dict[str, Any]:
        """The answer in the `full` format, with the `version` and `request` that the server says in CustomAttributes.

        A cold load may take longer than one request: retried until the deadline.

        Raises NotReady after the deadline, SwitchedOff if the endpoint went away, ClientError for an error that is not
        transient.
        """
        while True:
            try:
                response = client("sagemaker-runtime").invoke_endpoint(
                    EndpointName=self.name,
                    TargetModel=target_model,
                    ContentType=content_type,
                    Accept="application/json",
                    CustomAttributes="format=full",
                    Body=body,
                )
                answer: dict[str, Any] = json.loads(bounded.read(response["Body"], f"the answer of {target_model}"))
                return answer | custom_attributes.parse(response.get("CustomAttributes"))
            except ClientError as error:
                if not service_errors.is_transient(error.response):
                    self._status()
                    raise
                self._sleep(f"{target_model} still does not answer: {service_errors.explain(error.response)}")

    def _status(self) -> str:
        found = endpoints.describe(self.name)
        if found is None or endpoints.is_off(found):
            raise SwitchedOff(f"the endpoint {self.name} is switched off")
        return str(found["EndpointStatus"])

    def _sleep(self, otherwise: str) -> None:
        if time.monotonic() + POLL_SECONDS > self.deadline:
            raise NotReady(otherwise)
        time.sleep(POLL_SECONDS)
