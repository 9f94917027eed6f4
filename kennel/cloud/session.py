"""One environment's configuration, its AWS clients and what its stacks put out."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from imgcls.contract.failures import service_errors
from kennel.cloud import identity, local_record
from kennel.errors import KennelError
from kennel.workspace import project

ROLES = ("Storage", "Studio", "Images", "Training", "Serving", "Monitoring")
"""The stacks of an environment."""


class Session:
    """An environment of the project: talks to the running local cloud, or to AWS with the caller's own credentials.

    Raises KennelError when the credentials are not of the account and region that the environment says.
    """

    def __init__(self, environment: str) -> None:
        self.config = project.config(environment)
        self._record = local_record.require() if self.config.cloud == "local" else None
        self._clients: dict[str | tuple[str, str], Any] = {}
        if self._record is None:
            identity.require(self.config, self._boto)

    def variables(self) -> dict[str, str]:
        """The process environment for a child that talks to this environment's cloud."""
        if self._record is None:
            return {**os.environ, "AWS_REGION": self.config.region, "AWS_DEFAULT_REGION": self.config.region}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**inherited, **self._record.variables()}

    def client(self, service: str) -> Any:
        """A cached boto3 client."""
        if service not in self._clients:
            self._clients[service] = self._client(service, self._boto)
        return self._clients[service]

    def _client(self, service: str, boto: boto3.Session) -> Any:
        return boto.client(
            service,
            endpoint_url=self._record.url if self._record else None,
            config=Config(
                max_pool_connections=32,
                retries={"mode": "standard", "total_max_attempts": 4},
                proxies={} if self._record else None,  # {}: none, whatever the shell says
            ),
        )

    def client_as(self, service: str, role: str) -> Any:
        """A cached client with the credentials of `role`, or the caller's own where they may not assume it.

        The CDK CLI does the same with the roles of its bootstrap stack, so that whoever may deploy may also look.
        """
        if (service, role) not in self._clients:
            self._clients[service, role] = self._client(service, self._assumed(role))
        return self._clients[service, role]

    def _assumed(self, role: str) -> boto3.Session:
        try:
            answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="kennel")["Credentials"]
        except ClientError:
            return self._boto
        keys = (answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        return boto3.Session(*keys, region_name=self._boto.region_name)

    def fill_placeholders(self, text: str) -> str:
        """`text` with `${AWS::AccountId}`, `${AWS::Region}` and `${AWS::Partition}` of this environment."""
        region = str(self._boto.region_name)
        values = {
            "AccountId": self.config.account or "",
            "Region": region,
            "Partition": self._boto.get_partition_for_region(region),
        }
        for name, value in values.items():
            text = text.replace(f"${{AWS::{name}}}", value)
        return text

    @cached_property
    def _boto(self) -> boto3.Session:
        if self._record is None:
            return boto3.Session(region_name=self.config.region)
        # Neither the shell's profile nor the user's files matter to the local cloud.
        plain = botocore.session.Session({"profile": (None,) * 4, "config_file": (None, None, os.devnull, None)})
        return boto3.Session(**self._record.credentials(), region_name=local_record.REGION, botocore_session=plain)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of this environment's stacks. Raises KennelError when nothing is deployed."""
        return {item["OutputKey"]: item["OutputValue"] for stack in self.stacks() for item in stack.get("Outputs", ())}

    def stacks(self) -> list[dict[str, Any]]:
        """CloudFormation's description of this environment's stacks, as they are now. Raises KennelError."""
        formation = self.client("cloudformation")
        try:
            # By name: to list every stack of the account is more than a notebook in Studio may.
            with ThreadPoolExecutor(len(ROLES)) as pool:
                found = pool.map(lambda role: _described(formation, f"{self.config.stack_prefix}-{role}"), ROLES)
                return [stack for stacks in found for stack in stacks]
        except (BotoCoreError, ClientError) as error:
            raise KennelError(f"the stacks of {self.config.environment} cannot be read: {error}") from None

    def output(self, name: str) -> str:
        """One of DataBucket, ArtifactsBucket, EndpointName, StateMachineArn. Raises KennelError."""
        if name not in self.outputs:
            environment = self.config.environment
            raise KennelError(f"{environment} is not deployed: run `kennel deploy --env {environment}`")
        return self.outputs[name]


def _described(formation: Any, name: str) -> list[dict[str, Any]]:
    """The stack, or nothing where it does not exist."""
    try:
        stacks: list[dict[str, Any]] = formation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return []
        raise
    return stacks
