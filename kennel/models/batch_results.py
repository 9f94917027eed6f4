"""The answers of a batch transform job: which output belongs to which image, and why an image has none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import keys
from imgcls.contract.failures import job_kinds, service_errors
from kennel.cloud.session import Session
from kennel.datasets.uploads import THREADS

Progress = Callable[[str, int, int], None]
"""(what is going on, how many images are through, of how many)"""


@dataclass(frozen=True)
class Batch:
    """What a job works on. `images`: what a person calls each image -> its key below `prefix`, in order."""

    job: str
    bucket: str
    prefix: str
    images: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def output(self) -> str:
        """Prefix of the answers."""
        return keys.batch_output(self.job)


def outputs(s3: Any, batch: Batch) -> list[str]:
    """Keys of the answers that are there."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=batch.bucket, Prefix=batch.output)
    return [item["Key"] for page in pages for item in page.get("Contents", ()) if item["Key"].endswith(".out")]


def collect(session: Session, batch: Batch, progress: Progress) -> list[dict[str, Any]]:
    """One answer per image, in order."""
    s3 = session.client("s3")
    found = match(list(batch.images.values()), [key[len(batch.output) :] for key in outputs(s3, batch)])
    reasons = _reasons(session, batch) if len(found) < len(batch.images) else {}

    def read(item: tuple[str, str]) -> dict[str, Any]:
        image, key = item
        if key not in found:
            return {"image": image, "error": reasons.get(key, "no answer; the job's log says why")}
        body = s3.get_object(Bucket=batch.bucket, Key=batch.output + found[key])["Body"].read()
        return {"image": image, **json.loads(body)}

    answers = []
    with ThreadPoolExecutor(THREADS) as pool:
        for answer in pool.map(read, batch.images.items()):
            answers.append(answer)
            progress("collecting", len(answers), len(batch.images))
    return answers


def match(images: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
    """Image -> its output, both as paths below their prefixes.

    AWS's documentation leaves open whether the last part of the input prefix comes before an image's own path; so an
    output belongs to the image whose path is its longest tail.
    """
    known, found = set(images), {}
    for output in outputs:
        path = output.removesuffix(".out")
        tails = [path, *(path[slash.end() :] for slash in re.finditer("/", path))]
        if image := next((tail for tail in tails if tail in known), None):
            found[image] = output
    return found


def _reasons(session: Session, batch: Batch) -> dict[str, str]:
    """Image -> why it has no answer, as far as the job's log tells: `...: bucket/key: <the container's answer>`."""
    start, known, reasons = f"{batch.bucket}/{batch.prefix}", set(batch.images.values()), {}
    try:
        pages = (
            session.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=job_kinds.TRANSFORM.log_group,
                logStreamNamePrefix=job_kinds.TRANSFORM.stream_prefix(batch.job),
                filterPattern='"[sagemaker logs]"',
            )
        )
        lines = [event["message"] for page in pages for event in page["events"]]
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        return {}
    for line in lines:
        _, _, rest = line.partition(start)
        rest = rest.lstrip("/")
        ends = [match.start() for match in re.finditer(": ", rest)]
        # A key may contain a colon and a space; one that is known tells where it ends.
        end = next((end for end in ends if rest[:end] in known), ends[0] if ends else len(rest))
        if (said := rest[end + 2 :]) and said != "Message:":
            reasons[rest[:end]] = service_errors.container_sentence(said)
    return reasons
