"""Log groups, topics, queues, rules, alarms and budgets."""

from __future__ import annotations

from typing import Any

from tests.checks.cases.case import GONE, KEY, KEY_ARN, Case, resource

ALARM = "AWS::CloudWatch::Alarm"
TOPIC, QUEUE = resource("AWS::SNS::Topic", KmsMasterKeyId=KEY_ARN), resource("AWS::SQS::Queue", KmsMasterKeyId=KEY_ARN)
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def policy(kind: str, holder: str, **statement: Any) -> dict[str, Any]:
    return resource(kind, PolicyDocument={"Statement": [statement]}, **{holder: [{"Ref": "X"}]})


TOPIC_DENY = policy(
    "AWS::SNS::TopicPolicy", "Topics", Effect="Deny", Principal="*", Action="sns:Publish", Resource={"Ref": "X"},
    Condition=WITHOUT_TLS,
)  # fmt: skip
TOPIC_ALLOW = policy(
    "AWS::SNS::TopicPolicy", "Topics", Effect="Allow", Principal={"Service": "events.amazonaws.com"},
    Action="sns:Publish", Resource={"Ref": "X"}, Condition={"StringEquals": {"aws:SourceAccount": "1"}},
)  # fmt: skip
QUEUE_DENY = policy(
    "AWS::SQS::QueuePolicy", "Queues", Effect="Deny", Principal="*", Action="sqs:*",
    Resource={"Fn::GetAtt": ["X", "Arn"]}, Condition=WITHOUT_TLS,
)  # fmt: skip
STATEMENT = "Policy.PolicyDocument.Statement.0"
RULE = resource("AWS::Events::Rule", Targets=[{"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}}])
WATCHED = {
    "alarm.endpoint": ("Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency", "MemoryUtilization",
                       "DiskUtilization", "ModelCacheHit"),
    "alarm.pipeline": ("ExecutionsFailed", "ExecutionsTimedOut"),
    "alarm.findings": ("Findings",),
}  # fmt: skip
MICROSECONDS = (
    "ModelLatency", "OverheadLatency", "ModelLoadingWaitTime", "ModelDownloadingTime", "ModelLoadingTime",
    "ModelUnloadingTime",
)  # fmt: skip

CASES = (
    Case(
        "log.retention", {"X": resource("AWS::Logs::LogGroup", RetentionInDays=30)}, ({"X.RetentionInDays": GONE},)
    ),
    Case(
        "log.key",
        {"Key": KEY, "X": resource("AWS::Logs::LogGroup", KmsKeyId=KEY_ARN)},
        (
            {"X.KmsKeyId": GONE},
            {"X.KmsKeyId": "other"},
            {"X.KmsKeyId": GONE, "X.Type": "Custom::LogGroup"},
        ),
    ),
    Case(
        "log.own",
        {"X": resource("AWS::Logs::LogGroup")},
        ({"X.LogGroupName": "/aws/sagemaker/TrainingJobs"},),
        ({"X.LogGroupName": "/aws/lambda/x"}, {"X.LogGroupName": "/aws/sagemaker/Endpoints/x"}),
    ),
    Case(
        "log.endpoint",
        {
            "X": resource("AWS::SageMaker::Endpoint", EndpointName="e"),
            "Logs": {"Type": "Custom::LogGroup", "Properties": {"LogGroupName": "/aws/sagemaker/Endpoints/e"}},
        },
        ({"Logs": GONE}, {"Logs.LogGroupName": "/aws/sagemaker/Endpoints/other"}, {"X.EndpointName": "other"}),
        ({"Logs.Type": "AWS::Logs::LogGroup"},),
    ),
    Case("topic.key", {"Key": KEY, "X": TOPIC}, ({"X.KmsMasterKeyId": GONE}, {"X.KmsMasterKeyId": "other"})),
    Case(
        "topic.tls",
        {"X": TOPIC, "Policy": TOPIC_DENY},
        (
            {"Policy": GONE},
            {"Policy.Topics": ["other"]},
            {f"{STATEMENT}.Effect": "Allow"},
            {f"{STATEMENT}.Action": "sns:Subscribe"},
            {f"{STATEMENT}.Resource": "other"},
            {f"{STATEMENT}.Condition": GONE},
        ),
        ({f"{STATEMENT}.Action": ["sns:Subscribe", "sns:Publish"]},),
    ),
    Case(
        "topic.closed",
        {"X": TOPIC, "Policy": TOPIC_ALLOW},
        (
            {f"{STATEMENT}.Condition": GONE},
            {f"{STATEMENT}.Condition": WITHOUT_TLS},
            {f"{STATEMENT}.Condition": GONE, f"{STATEMENT}.Principal": {"AWS": "arn:aws:iam::210987654321:root"}},
        ),
        ({"Policy": GONE}, {f"{STATEMENT}.Condition": GONE, f"{STATEMENT}.Effect": "Deny"}),
        culprit="Main/Policy",
    ),
    Case("queue.key", {"Key": KEY, "X": QUEUE}, ({"X.KmsMasterKeyId": GONE}, {"X.KmsMasterKeyId": "other"})),
    Case(
        "queue.tls",
        {"X": QUEUE, "Policy": QUEUE_DENY},
        (
            {"Policy": GONE},
            {"Policy.Queues": ["other"]},
            {f"{STATEMENT}.Action": "sqs:SendMessage"},
            {f"{STATEMENT}.Resource": {"Ref": "X"}},
            {f"{STATEMENT}.Condition": GONE},
        ),
    ),
    Case(
        "rule.undelivered",
        {"X": RULE, "Queue": QUEUE},
        (
            {"X.Targets.0.DeadLetterConfig": GONE},
            {"X.Targets.0.DeadLetterConfig.Arn": "other"},
            {"X.Targets": [RULE["Properties"]["Targets"][0], {"Arn": "a"}]},
            {"X.Targets": []},
            {"X.Targets": GONE},
            {"Queue": GONE},
        ),
    ),
    *(
        Case(
            "alarm.tells",
            {"X": resource(kind, AlarmActions=["arn:other", {"Ref": "Topic"}]), "Topic": TOPIC},
            ({"X.AlarmActions": ["arn:other"]}, {"X.AlarmActions": GONE}, {"Topic": GONE}),
        )
        for kind in (ALARM, "AWS::CloudWatch::CompositeAlarm")
    ),
    Case(
        "alarm.silence",
        {"X": resource(ALARM, TreatMissingData="breaching")},
        ({"X.TreatMissingData": "missing"}, {"X.TreatMissingData": GONE}),
        ({"X.TreatMissingData": "notBreaching"},),
    ),
    *(
        Case(
            "alarm.unit",
            {"X": resource(ALARM, MetricName=metric, Threshold=10_000)},
            ({"X.Threshold": 9_999}, {"X.Threshold": GONE}),
            ({"X.Threshold": 10_001}, {"X.Threshold": 2, "X.MetricName": "Invocations"}),
        )
        for metric in MICROSECONDS
    ),
    *(
        Case(
            control,
            {name: resource(ALARM, MetricName=name) for name in metrics},
            tuple({f"{name}.MetricName": "Other"} for name in metrics),
            culprit="the assembly",
        )
        for control, metrics in WATCHED.items()
    ),
    Case(
        "budget.service",
        {"X": resource("AWS::Budgets::Budget", Budget={"CostFilters": {"Service": ["Amazon SageMaker"]}})},
        (
            {"X.Budget.CostFilters.Service": GONE},
            {"X.Budget.CostFilters.TagKeyValue": ["user:a$b"]},
            {"X.Budget.CostFilters": GONE},
        ),
    ),
)  # fmt: skip
