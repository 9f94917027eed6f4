"""SNS, SQS, EventBridge and Scheduler."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging, all_tags, as_tag_list, tag_changes
from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Properties,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
    is_gone,
)


def _attribute_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


class Topic(Provider):
    """AWS::SNS::Topic; its attributes are texts in the API."""

    taggable = True
    _plain = ("TopicName", "Subscription", "Tags")

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"TopicName", "FifoTopic"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        sns = request.client("sns")
        name = properties.get("TopicName") or request.generated_name(256)
        tags = as_tag_list(all_tags(properties, request.tags))
        attributes = {k: _attribute_text(v) for k, v in properties.items() if k not in self._plain}
        arn = sns.create_topic(Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
        for item in properties.get("Subscription", []):
            sns.subscribe(TopicArn=arn, Protocol=item["Protocol"], Endpoint=item["Endpoint"])
        return Outcome(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        sns = request.client("sns")
        for key in {*properties, *previous} - set(self._plain):
            if properties.get(key) != previous.get(key):
                value = _attribute_text(properties.get(key, ""))
                sns.set_topic_attributes(TopicArn=physical_id, AttributeName=key, AttributeValue=value)
        gone, new = tag_changes(request, properties, previous)
        if gone:
            sns.untag_resource(ResourceArn=physical_id, TagKeys=gone)
        if new:
            sns.tag_resource(ResourceArn=physical_id, Tags=as_tag_list(new))
        return Outcome(physical_id, {"TopicArn": physical_id, "TopicName": physical_id.rsplit(":", 1)[1]})

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        request.client("sns").delete_topic(TopicArn=physical_id)

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return answers(lambda: client("sns").get_topic_attributes(TopicArn=physical_id))


class TopicPolicy(Provider):
    """AWS::SNS::TopicPolicy: the policy attribute of each topic."""

    def create(self, request: Request, properties: Properties) -> Outcome:
        for arn in properties["Topics"]:
            request.client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=_attribute_text(properties["PolicyDocument"])
            )
        return Outcome(request.generated_name(128))

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        self.create(request, properties)
        return Outcome(physical_id)

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        for arn in properties["Topics"]:
            try:
                request.client("sns").set_topic_attributes(
                    TopicArn=arn, AttributeName="Policy", AttributeValue=_default_topic_policy(arn, request)
                )
            except ClientError as error:
                if not is_gone(error):
                    raise

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        policies = [
            client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"] for arn in properties["Topics"]
        ]
        return all(json.loads(policy) == _as_document(properties["PolicyDocument"]) for policy in policies)


def _as_document(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


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


class Subscription(Provider):
    """AWS::SNS::Subscription."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"TopicArn", "Protocol", "Endpoint"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        attributes = {
            key: _attribute_text(value)
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

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        request.client("sns").unsubscribe(SubscriptionArn=physical_id)

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return answers(lambda: client("sns").get_subscription_attributes(SubscriptionArn=physical_id))


class Queue(Provider):
    """AWS::SQS::Queue; its attributes are texts in the API, and Ref is the URL."""

    taggable = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"QueueName", "FifoQueue"})

    @staticmethod
    def _attributes(properties: Properties) -> dict[str, str]:
        return {key: _attribute_text(value) for key, value in properties.items() if key not in ("QueueName", "Tags")}

    def create(self, request: Request, properties: Properties) -> Outcome:
        sqs = request.client("sqs")
        suffix = ".fifo" if properties.get("FifoQueue") in (True, "true") else ""
        name = properties.get("QueueName") or request.generated_name(80 - len(suffix)) + suffix
        url = sqs.create_queue(
            QueueName=name, Attributes=self._attributes(properties), tags=all_tags(properties, request.tags)
        )["QueueUrl"]
        return self._outcome(sqs, url)

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
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
    def _outcome(sqs: Any, url: str) -> Outcome:
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return Outcome(url, {"Arn": arn, "QueueName": arn.rsplit(":", 1)[1], "QueueUrl": url})

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        ignore_gone(lambda: request.client("sqs").delete_queue(QueueUrl=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return answers(lambda: client("sqs").get_queue_attributes(QueueUrl=physical_id, AttributeNames=["QueueArn"]))


class QueuePolicy(Provider):
    """AWS::SQS::QueuePolicy: the policy attribute of each queue."""

    def create(self, request: Request, properties: Properties) -> Outcome:
        for url in properties["Queues"]:
            policy = {"Policy": _attribute_text(properties["PolicyDocument"])}
            request.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)
        return Outcome(request.generated_name(128))

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        self.create(request, properties)
        return Outcome(physical_id)

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        for url in properties["Queues"]:
            try:
                request.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
            except ClientError as error:
                if not is_gone(error):
                    raise

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        sqs = client("sqs")
        return all(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")
            for url in properties["Queues"]
        )


class Rule(Provider):
    """AWS::Events::Rule with its targets; recorded, nothing starts by it."""

    taggable = False

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"Name", "EventBusName"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        return self._put(request, properties.get("Name") or request.generated_name(64), properties, {})

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        return self._put(request, physical_id, properties, previous)

    @staticmethod
    def _put(request: Request, name: str, properties: Properties, previous: Properties) -> Outcome:
        events = request.client("events")
        values: dict[str, Any] = {
            key: properties[key]
            for key in ("Description", "ScheduleExpression", "State", "RoleArn", "EventBusName")
            if key in properties
        }
        if "EventPattern" in properties:
            values["EventPattern"] = _attribute_text(properties["EventPattern"])
        if tags := as_tag_list(request.tags):
            values["Tags"] = tags
        arn = events.put_rule(Name=name, **values)["RuleArn"]
        targets = properties.get("Targets", [])
        gone = {item["Id"] for item in previous.get("Targets", [])} - {item["Id"] for item in targets}
        if gone:
            events.remove_targets(Rule=name, Ids=sorted(gone))
        if targets:
            events.put_targets(Rule=name, Targets=targets)
        return Outcome(name, {"Arn": arn})

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        events = request.client("events")
        try:
            ids = [item["Id"] for item in events.list_targets_by_rule(Rule=physical_id)["Targets"]]
            if ids:
                events.remove_targets(Rule=physical_id, Ids=ids)
            events.delete_rule(Name=physical_id)
        except ClientError as error:
            if not is_gone(error):
                raise

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return answers(lambda: client("events").describe_rule(Name=physical_id))


PROVIDERS: dict[str, Provider] = {
    "AWS::SNS::Topic": Topic(),
    "AWS::SNS::TopicPolicy": TopicPolicy(),
    "AWS::SNS::Subscription": Subscription(),
    "AWS::SQS::Queue": Queue(),
    "AWS::SQS::QueuePolicy": QueuePolicy(),
    "AWS::Events::Rule": Rule(),
    "AWS::Scheduler::Schedule": ApiResource(
        service="scheduler",
        create_operation="CreateSchedule",
        read_operation="GetSchedule",
        update_operation="UpdateSchedule",
        delete_operation="DeleteSchedule",
        identifier="Name",
        name_property="Name",
        name_limit=64,
        attributes={"Arn": "Arn"},
    ),
    "AWS::Scheduler::ScheduleGroup": ApiResource(
        service="scheduler",
        create_operation="CreateScheduleGroup",
        read_operation="GetScheduleGroup",
        delete_operation="DeleteScheduleGroup",
        identifier="Name",
        name_property="Name",
        name_limit=64,
        attributes={"Arn": "Arn"},
        tagging=Tagging("TagResource", "UntagResource", "ResourceArn", "Arn"),
    ),
}
