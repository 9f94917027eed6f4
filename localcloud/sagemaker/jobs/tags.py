"""Tags of the resources that this package keeps; those of other resources stay with moto."""

from __future__ import annotations

import json
import threading
from typing import Any

from werkzeug.wrappers import Response

from localcloud.http_requests import Environ, identify, read_json
from localcloud.sagemaker.jobs.records import page
from localcloud.sagemaker.jobs.validation import check_request, validation_error

MAX_TAGS = 50


class Tags:
    """Tags by ARN."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def add(self, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        """Add or overwrite; also how a resource becomes known here. Returns all of its tags."""
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
        """Answers the tag operations for ARNs that are kept here, None for everything else."""
        operation = identify(environ)
        function = {"AddTags": self._add, "ListTags": self._list, "DeleteTags": self._delete}.get(operation.name or "")
        if operation.service != "sagemaker" or function is None:
            return None
        request = read_json(environ)
        if request.get("ResourceArn") not in self._tags:
            return None
        check_request(operation.name or "", request)
        return Response(json.dumps(function(request)), content_type="application/x-amz-json-1.1")

    def _add(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self.add(request["ResourceArn"], request["Tags"])}

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        return page(self.add(request["ResourceArn"], []), {"MaxResults": MAX_TAGS, **request}, "Tags")

    def _delete(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            for key in request["TagKeys"]:
                self._tags[request["ResourceArn"]].pop(key, None)
        return {}
