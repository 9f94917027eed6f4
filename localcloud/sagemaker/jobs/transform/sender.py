"""Sends a transform job's objects to its container and stores the answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from localcloud.sagemaker.clients import S3Client
from localcloud.sagemaker.containers.connections import Connections, HttpAnswer, NoAnswer, Unreachable
from localcloud.sagemaker.jobs.s3_transfer import join_uri, relative_path, split_uri
from localcloud.sagemaker.jobs.transform.request import TransformRequest

DEFAULT_INVOCATION_SECONDS, DEFAULT_RETRIES = 600, 3
DEFAULT_CONCURRENT, DEFAULT_PAYLOAD_MB = 1, 6
RETRY_SECONDS = 0.2
_MB = 1024 * 1024


@dataclass
class Unanswered:
    """The keys of objects without an answer: where the container failed, and where the object was refused."""

    failed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Limits:
    """concurrent: requests at a time. payload_mb: per request. seconds, retries: timeout and retries of a request."""

    concurrent: int
    payload_mb: int
    seconds: float
    retries: int

    @classmethod
    def of(cls, request: TransformRequest, container: Mapping[str, int]) -> Limits:
        """The request's limits, else those that the container reports, else the service's defaults."""
        client = request.get("ModelClientConfig", {})
        return cls(
            request.get("MaxConcurrentTransforms") or container.get("MaxConcurrentTransforms") or DEFAULT_CONCURRENT,
            request.get("MaxPayloadInMB") or container.get("MaxPayloadInMB") or DEFAULT_PAYLOAD_MB,
            client.get("InvocationsTimeoutInSeconds", DEFAULT_INVOCATION_SECONDS),
            client.get("InvocationsMaxRetries", DEFAULT_RETRIES),
        )


class Sender:
    """Sends each object as one request to /invocations; its answer becomes `<path below the input prefix>.out`.

    As in the service, an object that fails gets no output and does not keep the others from being processed.
    """

    def __init__(
        self,
        s3: S3Client,
        request: TransformRequest,
        limits: Limits,
        connections: Connections,
        log: Callable[[str], None],
        cancelled: threading.Event,
    ) -> None:
        self._s3 = s3
        self._limits = limits
        self._connections = connections
        self._log = log
        self._cancelled = cancelled
        source, target = request["TransformInput"], request["TransformOutput"]
        self._bucket, self._prefix = split_uri(source["DataSource"]["S3DataSource"]["S3Uri"])
        self._target = target["S3OutputPath"]
        self._end = b"\n" if target.get("AssembleWith") == "Line" else b""
        self._headers = {
            name: value
            for name, value in (("Content-Type", source.get("ContentType")), ("Accept", target.get("Accept")))
            if value
        }
        self._unanswered = Unanswered()

    def send_all(self, keys: Iterable[str]) -> Unanswered:
        """Send the objects; returns when all have been sent, or soon after the job was cancelled."""
        with ThreadPoolExecutor(self._limits.concurrent, thread_name_prefix="transform") as pool:
            list(pool.map(self._send, keys))
        return self._unanswered

    def _send(self, key: str) -> None:
        if self._cancelled.is_set():
            return
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        if len(body) > self._limits.payload_mb * _MB:
            self._fail(key, self._unanswered.refused, "Too much data for max payload size")
            return
        answer = self._ask(body)
        if answer is None:
            self._fail(key, self._unanswered.failed, "Unable to get response from algorithm")
        elif answer.status >= 500:
            self._fail(
                key, self._unanswered.failed, f"Bad HTTP status received from algorithm: {answer.status}", answer.text
            )
        elif answer.status >= 400:
            self._fail(key, self._unanswered.refused, f"ClientError: {answer.status}", answer.text)
        else:
            bucket, target = split_uri(join_uri(self._target, relative_path(key, self._prefix) + ".out"))
            self._s3.put_object(Bucket=bucket, Key=target, Body=answer.body + self._end)

    def _ask(self, body: bytes) -> HttpAnswer | None:
        """The answer, after retries if the container fails; None if it never answers."""
        answer = None
        for attempt in range(self._limits.retries + 1):
            if attempt and self._cancelled.wait(RETRY_SECONDS * 2**attempt):
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

    def _fail(self, key: str, keys: list[str], error: str, message: str = "") -> None:
        where = f"[sagemaker logs]: {self._bucket}/{key}: "
        keys.append(key)
        self._log(where + error)
        if message:
            self._log(where + "Message:")
            self._log(where + message)
