"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

import json
from functools import partial
from typing import NotRequired, TypedDict

from localcloud.cloudformation.providers.api_resource import all_tags, as_tag_list, tag_changes
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Document,
    Outcome,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.cloudformation.providers.conversion import text
from localcloud.cloudformation.requests import Tag
from localcloud.json_types import JSON


class TopicSubscription(TypedDict):
    Protocol: str
    Endpoint: str


class TopicProperties(TypedDict, total=False):
    """Besides these, any topic attribute, under its name in the API."""

    TopicName: str
    Subscription: list[TopicSubscription]
    Tags: list[Tag]


class Topic(Provider[TopicProperties]):
    """AWS::SNS::Topic; its attributes are text in the API."""

    taggable = True
    _plain = ("TopicName", "Subscription", "Tags")

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"TopicName", "FifoTopic"})

    def create(self, request: Request, properties: TopicProperties) -> Outcome:
        sns = request.client("sns")
        name = properties.get("TopicName") or request.generated_name(256)
        tags = as_tag_list(all_tags(properties, request.tags))
        attributes = {k: text(v) for k, v in properties.items() if k not in self._plain}
        arn = sns.create_topic(Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
        for item in properties.get("Subscription", []):
            sns.subscribe(TopicArn=arn, Protocol=item["Protocol"], Endpoint=item["Endpoint"])
        return Outcome(arn, {"TopicArn": arn, "TopicName": name})

    def update(
        self, request: Request, physical_id: str, properties: TopicProperties, previous: TopicProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        sns = request.client("sns")
        for key in {*properties, *previous} - set(self._plain):
            if properties.get(key) != previous.get(key):
                value = text(properties.get(key, ""))
                sns.set_topic_attributes(TopicArn=physical_id, AttributeName=key, AttributeValue=value)
        gone, new = tag_changes(request, properties, previous)
        if gone:
            sns.untag_resource(ResourceArn=physical_id, TagKeys=gone)
        if new:
            sns.tag_resource(ResourceArn=physical_id, Tags=as_tag_list(new))
        return Outcome(physical_id, {"TopicArn": physical_id, "TopicName": physical_id.rsplit(":", 1)[1]})

    def delete(self, request: Request, physical_id: str, properties: TopicProperties) -> None:
        request.client("sns").delete_topic(TopicArn=physical_id)

    def exists(self, client: ClientFactory, physical_id: str, properties: TopicProperties) -> bool:
        return answers(lambda: client("sns").get_topic_attributes(TopicArn=physical_id))


class TopicPolicyProperties(TypedDict):
    Topics: list[str]
    PolicyDocument: Document


class TopicPolicy(Provider[TopicPolicyProperties]):
    """AWS::SNS::TopicPolicy: the policy attribute of each topic."""

    def create(self, request: Request, properties: TopicPolicyProperties) -> Outcome:
        for arn in properties["Topics"]:
            request.client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=text(properties["PolicyDocument"])
            )
        return Outcome(request.generated_name(128))

    def update(
        self, request: Request, physical_id: str, properties: TopicPolicyProperties, previous: TopicPolicyProperties
    ) -> Outcome:
        self.create(request, properties)
        return Outcome(physical_id)

    def delete(self, request: Request, physical_id: str, properties: TopicPolicyProperties) -> None:
        sns = request.client("sns")
        for arn in properties["Topics"]:
            policy = {"AttributeName": "Policy", "AttributeValue": _default_topic_policy(arn, request)}
            ignore_gone(partial(sns.set_topic_attributes, TopicArn=arn, **policy))

    def exists(self, client: ClientFactory, physical_id: str, properties: TopicPolicyProperties) -> bool:
        policies = [
            client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"] for arn in properties["Topics"]
        ]
        return all(json.loads(policy) == _as_object(properties["PolicyDocument"]) for policy in policies)


def _as_object(document: Document) -> dict[str, JSON]:
    loaded: dict[str, JSON] = json.loads(document) if isinstance(document, str) else document
    return loaded


def _default_topic_policy(arn: str, request: Request) -> str:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": request.account_id}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


class SubscriptionProperties(TypedDict):
    """Besides these, any subscription attribute, under its name in the API."""

    TopicArn: str
    Protocol: str
    Endpoint: NotRequired[str]


class Subscription(Provider[SubscriptionProperties]):
    """AWS::SNS::Subscription."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"TopicArn", "Protocol", "Endpoint"})

    def create(self, request: Request, properties: SubscriptionProperties) -> Outcome:
        attributes = {
            key: text(value)
            for key, value in properties.items()
            if key not in ("TopicArn", "Protocol", "Endpoint", "Region")
        }
        answer = request.client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties.get("Endpoint", ""),
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        return Outcome(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})

    def delete(self, request: Request, physical_id: str, properties: SubscriptionProperties) -> None:
        request.client("sns").unsubscribe(SubscriptionArn=physical_id)

    def exists(self, client: ClientFactory, physical_id: str, properties: SubscriptionProperties) -> bool:
        return answers(lambda: client("sns").get_subscription_attributes(SubscriptionArn=physical_id))


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::SNS::Topic": Topic(),
    "AWS::SNS::TopicPolicy": TopicPolicy(),
    "AWS::SNS::Subscription": Subscription(),
}
