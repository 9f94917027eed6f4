"""EventBridge rules and schedules: recorded, nothing starts by them."""

from __future__ import annotations

from typing import Any

from localcloud.cloudformation.providers.api_resource import as_tag_list
from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Properties,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.cloudformation.providers.conversion import text


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

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        events = request.client("events")

        def remove() -> None:
            ids = [item["Id"] for item in events.list_targets_by_rule(Rule=physical_id)["Targets"]]
            if ids:
                events.remove_targets(Rule=physical_id, Ids=ids)
            events.delete_rule(Name=physical_id)

        ignore_gone(remove)

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return answers(lambda: client("events").describe_rule(Name=physical_id))


PROVIDERS: dict[str, Provider] = {
    "AWS::Events::Rule": Rule(),
}
