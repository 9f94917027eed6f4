"""SQS queues and their policies."""

from __future__ import annotations

from functools import partial
from typing import TypedDict

from botocore.client import BaseClient

from localcloud.cloudformation.providers.api_resource import all_tags, tag_changes
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Document,
    Flag,
    Outcome,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.cloudformation.providers.conversion import is_true, text
from localcloud.cloudformation.requests import Tag


class QueueProperties(TypedDict, total=False):
    """Besides these, any queue attribute, under its name in the API."""

    QueueName: str
    FifoQueue: Flag
    Tags: list[Tag]


class Queue(Provider[QueueProperties]):
    """AWS::SQS::Queue; its attributes are text in the API, and Ref is the URL."""

    taggable = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"QueueName", "FifoQueue"})

    @staticmethod
    def _attributes(properties: QueueProperties) -> dict[str, str]:
        return {key: text(value) for key, value in properties.items() if key not in ("QueueName", "Tags")}

    def create(self, request: Request, properties: QueueProperties) -> Outcome:
        sqs = request.client("sqs")
        suffix = ".fifo" if is_true(properties.get("FifoQueue")) else ""
        name = properties.get("QueueName") or request.generated_name(80 - len(suffix)) + suffix
        url = sqs.create_queue(
            QueueName=name, Attributes=self._attributes(properties), tags=all_tags(properties, request.tags)
        )["QueueUrl"]
        return self._outcome(sqs, url)

    def update(
        self, request: Request, physical_id: str, properties: QueueProperties, previous: QueueProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        sqs = request.client("sqs")
        changed = {**dict.fromkeys(self._attributes(previous), ""), **self._attributes(properties)}
        changed.pop("FifoQueue", None)
        if changed:
            # moto forgets the policy when attributes are set without it.
            found = sqs.get_queue_attributes(QueueUrl=physical_id, AttributeNames=["Policy"]).get("Attributes", {})
            sqs.set_queue_attributes(QueueUrl=physical_id, Attributes={**found, **changed})
        gone, new = tag_changes(request, properties, previous)
        if gone:
            sqs.untag_queue(QueueUrl=physical_id, TagKeys=gone)
        if new:
            sqs.tag_queue(QueueUrl=physical_id, Tags=new)
        return self._outcome(sqs, physical_id)

    @staticmethod
    def _outcome(sqs: BaseClient, url: str) -> Outcome:
        arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return Outcome(url, {"Arn": arn, "QueueName": arn.rsplit(":", 1)[1], "QueueUrl": url})

    def delete(self, request: Request, physical_id: str, properties: QueueProperties) -> None:
        ignore_gone(lambda: request.client("sqs").delete_queue(QueueUrl=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: QueueProperties) -> bool:
        return answers(lambda: client("sqs").get_queue_attributes(QueueUrl=physical_id, AttributeNames=["QueueArn"]))


class QueuePolicyProperties(TypedDict):
    Queues: list[str]
    PolicyDocument: Document


class QueuePolicy(Provider[QueuePolicyProperties]):
    """AWS::SQS::QueuePolicy: the policy attribute of each queue."""

    def create(self, request: Request, properties: QueuePolicyProperties) -> Outcome:
        for url in properties["Queues"]:
            policy = {"Policy": text(properties["PolicyDocument"])}
            request.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)
        return Outcome(request.generated_name(128))

    def update(
        self, request: Request, physical_id: str, properties: QueuePolicyProperties, previous: QueuePolicyProperties
    ) -> Outcome:
        self.create(request, properties)
        return Outcome(physical_id)

    def delete(self, request: Request, physical_id: str, properties: QueuePolicyProperties) -> None:
        sqs = request.client("sqs")
        for url in properties["Queues"]:
            ignore_gone(partial(sqs.set_queue_attributes, QueueUrl=url, Attributes={"Policy": ""}))

    def exists(self, client: ClientFactory, physical_id: str, properties: QueuePolicyProperties) -> bool:
        sqs = client("sqs")
        return all(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")
            for url in properties["Queues"]
        )


PROVIDERS: dict[str, AnyProvider] = {"AWS::SQS::Queue": Queue(), "AWS::SQS::QueuePolicy": QueuePolicy()}
