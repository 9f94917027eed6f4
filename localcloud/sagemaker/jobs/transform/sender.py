"""Sends the objects of a transform job to its container and stores the answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from localcloud.sagemaker.endpoints.connections import Answer, Connections, NoAnswer, Unreachable
from localcloud.sagemaker.jobs.objects import join_uri, relative_path, split_uri

DEFAULT_INVOCATION_SECONDS, DEFAULT_RETRIES = 600, 3
DEFAULT_CONCURRENT, DEFAULT_PAYLOAD_MB = 1, 6
RETRY_SECONDS = 0.2
_MB = 1024 * 1024


@dataclass
class Tally:
    """The objects without an answer: those that the container failed on, and those that it refused."""

    failed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Limits:
    """What a job may send: requests at a time, bytes a request, and how patient it is with one."""

    concurrent: int
    payload_mb: int
    seconds: float
    retries: int

    @classmethod
    def of(cls, request: Mapping[str, Any], container: Mapping[str, int]) -> Limits:
        """The request's own limits, else those that the container asks for, else the service's defaults."""
        client = request.get("ModelClientConfig", {})
        defaults = {"MaxConcurrentTransforms": DEFAULT_CONCURRENT, "MaxPayloadInMB": DEFAULT_PAYLOAD_MB}
        chosen = {name: request.get(name) or container.get(name) or value for name, value in defaults.items()}
        return cls(
            chosen["MaxConcurrentTransforms"],
            chosen["MaxPayloadInMB"],
            client.get("InvocationsTimeoutInSeconds", DEFAULT_INVOCATION_SECONDS),
            client.get("InvocationsMaxRetries", DEFAULT_RETRIES),
        )


class Sender:
    """One object is one request to /invocations; its answer becomes `<path below the input prefix>.out`.

    As in the service, an object that fails gets no output, the others are processed all the same.
    """

    def __init__(
        self,
        s3: Any,
        request: Mapping[str, Any],
        limits: Limits,
        connections: Connections,
        log: Callable[[str], None],
        given_up: threading.Event,
    ) -> None:
        self._s3 = s3
        self._limits = limits
        self._connections = connections
        self._log = log
        self._given_up = given_up
        source, target = request["TransformInput"], request["TransformOutput"]
        self._bucket, self._prefix = split_uri(source["DataSource"]["S3DataSource"]["S3Uri"])
        self._target = target["S3OutputPath"]
        self._end = b"\n" if target.get("AssembleWith") == "Line" else b""
        self._headers = {
            name: value
            for name, value in (("Content-Type", source.get("ContentType")), ("Accept", target.get("Accept")))
            if value
        }
        self._tally = Tally()

    def send_all(self, keys: Iterable[str]) -> Tally:
        """Send the objects; returns when all are answered, or soon after the job is given up."""
        with ThreadPoolExecutor(self._limits.concurrent, thread_name_prefix="transform") as pool:
            list(pool.map(self._send, keys))
        return self._tally

    def _send(self, key: str) -> None:
        if self._given_up.is_set():
            return
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        if len(body) > self._limits.payload_mb * _MB:
            self._fail(key, self._tally.refused, "Too much data for max payload size")
            return
        answer = self._ask(body)
        if answer is None:
            self._fail(key, self._tally.failed, "Unable to get response from algorithm")
        elif answer.status >= 500:
            self._fail(
                key, self._tally.failed, f"Bad HTTP status received from algorithm: {answer.status}", answer.text
            )
        elif answer.status >= 400:
            self._fail(key, self._tally.refused, f"ClientError: {answer.status}", answer.text)
        else:
            bucket, target = split_uri(join_uri(self._target, relative_path(key, self._prefix) + ".out"))
            self._s3.put_object(Bucket=bucket, Key=target, Body=answer.body + self._end)

    def _ask(self, body: bytes) -> Answer | None:
        """The answer, after retries where the container fails; None when it gives none."""
        answer = None
        for attempt in range(self._limits.retries + 1):
            if attempt and self._given_up.wait(RETRY_SECONDS * 2**attempt):
                return answer
            try:
                answer = self._connections.request(
                    "POST", "/invocations", body, self._headers, timeout=self._limits.seconds
                )
            except (Unreachable, NoAnswer):
                continue
            if answer.status < 500 and answer.status != 429:
                return answer
        return answer

    def _fail(self, key: str, tally: list[str], error: str, message: str = "") -> None:
        where = f"[sagemaker logs]: {self._bucket}/{key}: "
        tally.append(key)
        self._log(where + error)
        if message:
            self._log(where + "Message:")
            self._log(where + message)
