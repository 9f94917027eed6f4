"""EventBridge rules: recorded; event_rules.py says which events reach their targets."""

from __future__ import annotations

from typing import TypedDict

from localcloud.cloudformation.providers.api_resource import as_tag_list
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


class Target(TypedDict):
    """A target has further fields, which are passed to the API unchanged."""

    Id: str


class RuleProperties(TypedDict, total=False):
    Name: str
    EventBusName: str
    Description: str
    ScheduleExpression: str
    EventPattern: Document
    State: str
    RoleArn: str
    Targets: list[Target]


class Rule(Provider[RuleProperties]):
    """AWS::Events::Rule with its targets."""

    taggable = False

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"Name", "EventBusName"})

    def create(self, request: Request, properties: RuleProperties) -> Outcome:
        return self._put(request, properties.get("Name") or request.generated_name(64), properties, {})

    def update(
        self, request: Request, physical_id: str, properties: RuleProperties, previous: RuleProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        return self._put(request, physical_id, properties, previous)

    @staticmethod
    def _put(request: Request, name: str, properties: RuleProperties, previous: RuleProperties) -> Outcome:
        events = request.client("events")
        names = ("Description", "ScheduleExpression", "State", "RoleArn", "EventBusName")
        values: dict[str, object] = {key: value for key, value in properties.items() if key in names}
        if "EventPattern" in properties:
            values["EventPattern"] = text(properties["EventPattern"])
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

    def delete(self, request: Request, physical_id: str, properties: RuleProperties) -> None:
        events = request.client("events")

        def remove() -> None:
            ids = [item["Id"] for item in events.list_targets_by_rule(Rule=physical_id)["Targets"]]
            if ids:
                events.remove_targets(Rule=physical_id, Ids=ids)
            events.delete_rule(Name=physical_id)

        ignore_gone(remove)

    def exists(self, client: ClientFactory, physical_id: str, properties: RuleProperties) -> bool:
        return answers(lambda: client("events").describe_rule(Name=physical_id))


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::Events::Rule": Rule(),
}
