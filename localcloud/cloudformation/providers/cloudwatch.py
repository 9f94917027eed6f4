"""CloudWatch alarms and dashboards."""

from __future__ import annotations

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
)


def _alarm(create: str, kind: str) -> ApiResource:
    return ApiResource(
        service="cloudwatch",
        create_operation=create,
        read_operation="DescribeAlarms",
        update_operation=create,
        delete_operation="DeleteAlarms",
        identifier="AlarmName",
        read_by="AlarmNames",
        delete_by="AlarmNames",
        name_property="AlarmName",
        name_limit=255,
        read_extra={"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
        found=f"{kind}[0]",
        attributes={"Arn": f"{kind}[0].AlarmArn"},
        # The service's default; moto would not store a value.
        transform=lambda properties, request: {"ActionsEnabled": True, **properties},
        tagging=Tagging("TagResource", "UntagResource", "ResourceARN", f"{kind}[0].AlarmArn"),
    )


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::CloudWatch::Alarm": _alarm("PutMetricAlarm", "MetricAlarms"),
    "AWS::CloudWatch::CompositeAlarm": _alarm("PutCompositeAlarm", "CompositeAlarms"),
    "AWS::CloudWatch::Dashboard": ApiResource(
        service="cloudwatch",
        create_operation="PutDashboard",
        read_operation="GetDashboard",
        update_operation="PutDashboard",
        delete_operation="DeleteDashboards",
        identifier="DashboardName",
        delete_by="DashboardNames",
        name_property="DashboardName",
        name_limit=255,
    ),
}
