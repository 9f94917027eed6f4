"""An environment in an account, with answers of AWS's shape in place of AWS."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber

from config.app import AppConfig
from kennel.cloud import assembly
from kennel.cloud.session import Session
from kennel.preflight.project import Templates
from kennel.preflight.subject import Subject
from tests.stacks.assemblies import assembly as synthesized
from tests.stacks.assemblies import settings

ACCOUNT = "111122223333"


class StubbedSession(Session):
    """A session whose clients answer what they are told, in order, and nothing else."""

    def __init__(self, config: AppConfig) -> None:
        self.config = config
        self._record = None
        self._clients = {}
        self.stubs: dict[str, Stubber] = {}

    def stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            url = f"https://{service}.{self.config.region}.amazonaws.com"
            keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
            client = boto3.client(service, region_name=self.config.region, endpoint_url=url, **keys)  # type: ignore[call-overload]
            self._clients[service] = client
            self.stubs[service] = Stubber(client)
            self.stubs[service].activate()
        return self.stubs[service]

    def client(self, service: str) -> Any:
        self.stub(service)
        return self._clients[service]

    def client_as(self, service: str, role: str) -> Any:
        return self.client(service)


def subject(environment: str = "dev", **changes: Any) -> tuple[Subject, StubbedSession]:
    """A preflight's subject with the synthesized stacks of an environment of the clone."""
    config = settings(environment)
    config = config.model_copy(update={"account": config.account or ACCOUNT, **changes})
    session = StubbedSession(config)
    made = Subject(session, Templates(config))
    made.__dict__["stacks"] = assembly.read(synthesized(environment), session)
    return made, session
