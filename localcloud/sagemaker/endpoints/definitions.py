"""Models and endpoint configurations: records that never change once they are made."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.context import Cloud
from localcloud.sagemaker.jobs.records import now, page, select
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.sagemaker.jobs.validation import check_request, echoed, refusal, validation_error

Request = dict[str, Any]
Operation = Callable[[Request], Request | None]


@dataclass
class Definition:
    """One record: the request that made it, kept whole."""

    name: str
    arn: str
    request: Request
    status: str = ""
    created: datetime.datetime = field(default_factory=now)
    modified: datetime.datetime = field(default_factory=now)


class Definitions:
    """All records of one kind ("Model" or "EndpointConfig") and the operations on them.

    noun: as the service's sentences call it.    check: refuses a create request; raises AwsError.
    """

    def __init__(self, cloud: Cloud, tags: Tags, kind: str, noun: str, check: Callable[[Request], None]) -> None:
        self._kind = kind
        self._noun = noun
        self._check = check
        self._tags = tags
        self._prefix = f"arn:aws:sagemaker:{cloud.region}:{cloud.account_id}:{noun.replace(' ', '-')}/"
        self._records: dict[str, Definition] = {}
        self._lock = threading.Lock()

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        kind = self._kind
        functions = {f"Create{kind}": self._create, f"Describe{kind}": self._describe, f"Delete{kind}": self._delete,
                     f"List{kind}s": self._list}  # fmt: skip
        return {name: _checked(name, function) for name, function in functions.items()}

    def get(self, name: str) -> Definition:
        """The record; the service's ValidationException when there is none."""
        record = self._records.get(name)
        if record is None:
            raise validation_error(f'Could not find {self._long_noun} "{self._prefix}{name.lower()}".')
        return record

    @property
    def _long_noun(self) -> str:
        return self._noun.replace("config", "configuration")

    def _create(self, request: Request) -> Request:
        name = request[f"{self._kind}Name"]
        arn = f"{self._prefix}{name.lower()}"
        self._check(request)
        with self._lock:
            if name in self._records:
                raise validation_error(f'Cannot create already existing {self._long_noun} "{arn}".')
            self._records[name] = Definition(name, arn, request)
        self._tags.add(arn, request.get("Tags", []))
        return {f"{self._kind}Arn": arn}

    def _describe(self, request: Request) -> Request:
        record = self.get(request[f"{self._kind}Name"])
        defaults = {"EnableNetworkIsolation": False}
        answer = {**defaults, **record.request, f"{self._kind}Arn": record.arn, "CreationTime": record.created}
        return echoed(answer, f"Describe{self._kind}")

    def _delete(self, request: Request) -> None:
        record = self.get(request[f"{self._kind}Name"])
        with self._lock:
            self._records.pop(record.name, None)
        self._tags.forget(record.arn)

    def _list(self, request: Request) -> Request:
        kind = self._kind
        found = select(list(self._records.values()), {"SortOrder": "Descending", **request})
        rows = [{f"{kind}Name": each.name, f"{kind}Arn": each.arn, "CreationTime": each.created} for each in found]
        return page(rows, request, f"{kind}s")


def _checked(operation: str, function: Operation) -> Operation:
    def answer(request: Request) -> Request | None:
        check_request(operation, request)
        return function(request)

    return answer


def check_model(request: Request) -> None:
    """Refuse what this cloud does not host."""
    primary = [request["PrimaryContainer"]] if "PrimaryContainer" in request else []
    containers = [*primary, *request.get("Containers", [])]
    if len(containers) != 1:
        raise refusal("CreateModel with Containers", "a model has exactly one container here")
    container = containers[0]
    for name in ("ModelDataSource", "ModelPackageName", "AdditionalModelDataSources", "InferenceSpecificationName"):
        if name in container:
            raise refusal(f"CreateModel with {name}", "give Image and ModelDataUrl")
    if "Image" not in container:
        raise validation_error("Image is required in a container definition.")
    multi = container.get("Mode", "SingleModel") == "MultiModel"
    if multi and not container.get("ModelDataUrl", "").startswith("s3://"):
        raise validation_error("A multi-model container needs ModelDataUrl: the S3 prefix that holds the archives.")


def check_endpoint_config(request: Request, models: Definitions) -> None:
    """Refuse what this cloud does not host, and models that are not there."""
    for name in ("AsyncInferenceConfig", "ShadowProductionVariants", "ExplainerConfig"):
        if request.get(name):
            raise refusal(f"CreateEndpointConfig with {name}", "leave it out")
    if request.get("DataCaptureConfig", {}).get("EnableCapture"):
        raise refusal("CreateEndpointConfig with DataCaptureConfig", "set EnableCapture to false")
    if len(request["ProductionVariants"]) != 1:
        raise refusal("CreateEndpointConfig with several ProductionVariants", "give one variant")
    variant = request["ProductionVariants"][0]
    for name in ("ServerlessConfig", "ManagedInstanceScaling"):
        if name in variant:
            raise refusal(f"CreateEndpointConfig with {name}", "give InstanceType and InitialInstanceCount")
    if "ModelName" not in variant:
        raise refusal("CreateEndpointConfig with inference components", "give ModelName")
    for name in ("InstanceType", "InitialInstanceCount"):
        if name not in variant:
            raise validation_error(f"{name} is required for variant {variant['VariantName']}.")
    models.get(variant["ModelName"])
