"""Tags of the resources that this package keeps; moto keeps those of other resources."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import TypedDict

from werkzeug.wrappers import Response

from localcloud.http_requests import Environ, identify, read_json
from localcloud.sagemaker.api.listing import PageQuery, page
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.validation import validation_error

MAX_TAGS = 50


class Tag(TypedDict):
    Key: str
    Value: str


class AddTagsRequest(TypedDict):
    ResourceArn: str
    Tags: list[Tag]


class ListTagsRequest(PageQuery):
    ResourceArn: str


class DeleteTagsRequest(TypedDict):
    ResourceArn: str
    TagKeys: list[str]


class Tags:
    """Tags by ARN."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def add(self, arn: str, tags: Sequence[Tag]) -> list[Tag]:
        """Add or overwrite tags, and make the resource known here; returns all of its tags."""
        with self._lock:
            changed = {**self._tags.get(arn, {}), **{tag["Key"]: tag["Value"] for tag in tags}}
            if len(changed) > MAX_TAGS:
                raise validation_error(f"A resource can have at most {MAX_TAGS} tags; {arn} would have {len(changed)}.")
            self._tags[arn] = changed
            return [{"Key": key, "Value": value} for key, value in changed.items()]

    def forget(self, arn: str) -> None:
        with self._lock:
            self._tags.pop(arn, None)

    def handle(self, environ: Environ) -> Response | None:
        """The response to a tag operation on an ARN that is kept here, None for all other requests."""
        request = identify(environ)
        functions: dict[str, Operation] = {"AddTags": self._add, "ListTags": self._list, "DeleteTags": self._delete}
        if request.service != "sagemaker" or request.name not in functions:
            return None
        parameters = read_json(environ)
        if parameters.get("ResourceArn") not in self._tags:
            return None
        answer = functions[request.name](parameters)
        return Response(json.dumps(answer), content_type="application/x-amz-json-1.1")

    def _add(self, request: AddTagsRequest) -> Answer:
        return {"Tags": self.add(request["ResourceArn"], request["Tags"])}

    def _list(self, request: ListTagsRequest) -> Answer:
        return page(self.add(request["ResourceArn"], []), request, "Tags", default_size=MAX_TAGS)

    def _delete(self, request: DeleteTagsRequest) -> Answer:
        with self._lock:
            for key in request["TagKeys"]:
                self._tags[request["ResourceArn"]].pop(key, None)
        return {}
