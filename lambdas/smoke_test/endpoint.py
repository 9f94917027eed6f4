"""The endpoint under test: whether it exists, and predictions by target model, waiting for a cold load."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from lambdas.common import endpoints
from lambdas.common.clients import client
from lambdas.common.errors import NotReady

ANSWERING = (endpoints.IN_SERVICE, *endpoints.CHANGING)
POLL_SECONDS = 5.0


@dataclass(frozen=True)
class Endpoint:
    """`deadline` is a value of `time.monotonic()`, beyond which nothing waits."""

    name: str
    deadline: float

    def wait_until_answering(self) -> bool:
        """Returns False if the endpoint is switched off. Raises NotReady if it cannot answer."""
        while (status := self._status()) == endpoints.CREATING:
            self._sleep(f"the endpoint {self.name} is still {status}")
        if status is not None and status not in ANSWERING:
            raise NotReady(f"the endpoint {self.name} is {status}: see its FailureReason and its logs")
        return status is not None

    def predict(self, target_model: str, content_type: str, body: bytes) -> dict[str, Any]:
        """The answer in the `full` format. A cold load may take longer than one request: retried until the deadline.

        Raises NotReady after the deadline, ClientError for an error that is not transient.
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
                answer: dict[str, Any] = json.loads(response["Body"].read())
                return answer
            except ClientError as error:
                if not service_errors.is_transient(error.response):
                    raise
                self._sleep(f"{target_model} still does not answer: {service_errors.explain(error.response)}")

    def _status(self) -> str | None:
        found = endpoints.describe(self.name)
        return str(found["EndpointStatus"]) if found else None

    def _sleep(self, otherwise: str) -> None:
        if time.monotonic() + POLL_SECONDS > self.deadline:
            raise NotReady(otherwise)
        time.sleep(POLL_SECONDS)
