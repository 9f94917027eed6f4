"""Creates functions from source text."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def archive(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return data.getvalue()


class Functions:
    """Creates and invokes functions."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.client = client("lambda")
        self.logs = client("logs")
        role = client("iam").create_role(RoleName="of-functions", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.role = role["Role"]["Arn"]

    def create(self, name: str, source: str, files: dict[str, str] | None = None, **options: Any) -> None:
        options.setdefault("Handler", "main.handler")
        options.setdefault("Runtime", "python3.12")
        code = {"ZipFile": archive({"main.py": source, **(files or {})})}
        self.client.create_function(FunctionName=name, Role=self.role, Code=code, **options)

    def invoke(self, name: str, event: Any = None, **options: Any) -> dict[str, Any]:
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), **options)
        text = answer["Payload"].read().decode()
        return {**answer, "Payload": json.loads(text) if text else None}

    def log_lines(self, group: str) -> list[str]:
        return [event["message"] for event in self.logs.filter_log_events(logGroupName=group)["events"]]


@pytest.fixture(scope="module")
def client(local_cloud: Any) -> Callable[[str], Any]:
    return local_cloud.cloud.client


@pytest.fixture(scope="module")
def functions(client: Callable[[str], Any]) -> Functions:
    return Functions(client)


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("the condition was not met in time")
