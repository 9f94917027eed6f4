"""Which services and operations moto may answer: those whose records it keeps without inventing a result."""

from __future__ import annotations

import re

_ALL = re.compile("")

# Signing name -> operations. Services that this package answers entirely are listed too, for completeness.
ANSWERED = {
    **dict.fromkeys(
        (
            "application-autoscaling",
            "budgets",
            "cloudformation",
            "dynamodb",
            "ecr",
            "events",
            "iam",
            "kms",
            "lambda",
            "logs",
            "monitoring",
            "s3",
            "sagemaker",
            "scheduler",
            "secretsmanager",
            "servicequotas",
            "sns",
            "sqs",
            "ssm",
            "states",
            "tagging",
        ),
        _ALL,
    ),
    # moto's other credentials are the same for everyone.
    "sts": re.compile("^(AssumeRole|GetCallerIdentity|GetAccessKeyInfo)$"),
    # Networks are only records; instances would have to run.
    "ec2": re.compile(
        "Vpc|Subnet|Route|SecurityGroup|Gateway|Address|FlowLog|NetworkAcl|NetworkInterface|Tags|AvailabilityZone|"
        "Regions|PrefixList|DhcpOptions|AccountAttributes"
    ),
    "codebuild": re.compile("$^"),  # answered by codebuild/; moto would invent finished builds
}
