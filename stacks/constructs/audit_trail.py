"""Alarms on what CloudTrail records in a log group that exists: denied calls, the account's root, our key.

The patterns are in the syntax of CloudWatch Logs for JSON events, on the fields of CloudTrail's records. Those of
denied calls, of the root and of disabled keys are the CIS AWS Foundations Benchmark's, for our roles and our key alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.app import AppConfig
from imgcls.contract import metrics
from stacks.constructs.alarms import PlatformAlarm
from stacks.constructs.notifications import Notifications

ROLE = "$.userIdentity.sessionContext.sessionIssuer.userName"
_STACK_CHARACTERS = 20
"""CloudFormation shortens a stack's name in the names of roles; no pattern counts on more of it."""
DESCRIPTIONS = {
    "DeniedCalls": "A role of this environment was refused a call: see errorMessage in the trail",
    "RootUse": "The account's root acted: see the trail",
    "KeyUse": "Somebody other than this environment's roles and AWS's services used its key: see the trail",
    "KeyDisabled": "The environment's key is to be disabled or deleted, and with it everything that it encrypts",
}


def patterns(stack_prefix: str, key_arn: str) -> Mapping[str, str]:
    """What is looked for: a pattern by the name of its metric."""
    ours = f"{stack_prefix}-"[:_STACK_CHARACTERS]
    about_key = f'($.resources[0].ARN = "{key_arn}")'
    return {
        "DeniedCalls": '{ (($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) '
        f'&& ({ROLE} = "{ours}*") }}',
        "RootUse": '{ ($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) '
        '&& ($.eventType != "AwsServiceEvent") }',
        "KeyUse": f'{{ {about_key} && (($.eventName = "Decrypt") || ($.eventName = "GenerateDataKey*") '
        '|| ($.eventName = "ReEncrypt*")) && ($.userIdentity.type != "AWSService") '
        f'&& (({ROLE} NOT EXISTS) || (({ROLE} != "{ours}*") && ({ROLE} != "AWSServiceRole*"))) }}',
        "KeyDisabled": f'{{ {about_key} && (($.eventName = "DisableKey") || ($.eventName = "ScheduleKeyDeletion")) }}',
    }


def audit_alarms(scope: Construct, config: AppConfig, *, key_arn: str, topic: Notifications) -> None:
    """A metric filter and an alarm for each pattern; nothing without `monitoring.audit_trail`."""
    if config.monitoring.audit_trail is None:
        return
    namespace = f"{metrics.NAMESPACE}/Audit/{config.prefix}"
    for name, pattern in patterns(config.stack_prefix, key_arn).items():
        logs.CfnMetricFilter(
            scope,
            f"{name}Filter",
            log_group_name=config.monitoring.audit_trail,
            filter_pattern=pattern,
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=namespace, metric_name=name, metric_value="1"
                )
            ],
        )
        metric = cloudwatch.Metric(namespace=namespace, metric_name=name, statistic="Sum", period=Duration.seconds(300))
        PlatformAlarm(scope, name, metric=metric, threshold=0, topic=topic, description=DESCRIPTIONS[name])
