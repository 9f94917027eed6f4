"""The endpoint under test: whether it is there, and one prediction by target model, waiting for a cold load."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambdas.common.clients import client
from lambdas.common.errors import NotReady

ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack")
STARTING = ("Creating",)
POLL_SECONDS = 5.0
_LOADING = ("ModelNotReadyException", "ServiceUnavailable")


def status(name: str) -> str | None:
    """EndpointStatus, or None when there is no such endpoint: it is switched off."""
    try:
        return client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"]
    except ClientError as error:
        if "Could not find endpoint" in error.response["Error"]["Message"]:
            return None
        raise


@dataclass(frozen=True)
class Endpoint:
    """`deadline` is in `time.monotonic()`'s seconds: nothing waits beyond it."""

    name: str
    deadline: float

    def wait_until_answering(self) -> bool:
        """False when the endpoint is switched off. Raises NotReady when it cannot answer."""
        while (found := status(self.name)) in STARTING:
            self._sleep(f"the endpoint {self.name} is still {found}")
        if found is not None and found not in ANSWERING:
            raise NotReady(f"the endpoint {self.name} is {found}: see its FailureReason and its logs")
        return found is not None

    def predict(self, target_model: str, content_type: str, body: bytes) -> dict[str, Any]:
        """The `full` answer. A cold load may take longer than one request: asked again until the deadline."""
        while True:
            try:
                answer = client("sagemaker-runtime").invoke_endpoint(
                    EndpointName=self.name,
                    TargetModel=target_model,
                    ContentType=content_type,
                    Accept="application/json",
                    CustomAttributes="format=full",
                    Body=body,
                )
                return json.loads(answer["Body"].read())
            except ClientError as error:
                if error.response["Error"]["Code"] not in _LOADING:
                    raise
                self._sleep(f"{target_model} is still not loaded: {error.response['Error']['Message']}")

    def _sleep(self, otherwise: str) -> None:
        if time.monotonic() + POLL_SECONDS > self.deadline:
            raise NotReady(otherwise)
        time.sleep(POLL_SECONDS)
