"""EventBridge Scheduler: recorded; schedules start nothing."""

from __future__ import annotations

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
)

PROVIDERS: dict[str, AnyProvider] = {
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
