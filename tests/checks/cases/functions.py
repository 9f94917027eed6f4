"""Lambda functions."""

from __future__ import annotations

from tests.checks.cases.case import GONE, KEY, KEY_ARN, Case, resource

FUNCTION = resource(
    "AWS::Lambda::Function",
    Runtime="python3.14",
    TracingConfig={"Mode": "Active"},
    MemorySize=256,
    Timeout=30,
    LoggingConfig={"LogGroup": {"Ref": "Logs"}},
    KmsKeyArn=KEY_ARN,
)
ARN = {"Fn::GetAtt": ["X", "Arn"]}
ARRIVES = resource(
    "AWS::Lambda::EventInvokeConfig",
    FunctionName={"Ref": "X"},
    DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:a:1:q"}},
)
ASYNCHRONOUS = (
    resource("AWS::Events::Rule", Targets=[{"Arn": "other"}, {"Arn": ARN}]),
    resource("Custom::Images", ServiceToken=ARN),
    resource("AWS::CloudFormation::CustomResource", ServiceToken=ARN),
    resource("AWS::SNS::Subscription", Endpoint=ARN),
)

CASES = (
    Case("function.runtime", {"X": FUNCTION}, ({"X.Runtime": "python3.13"}, {"X.Runtime": GONE})),
    Case("function.traced", {"X": FUNCTION}, ({"X.TracingConfig.Mode": "PassThrough"}, {"X.TracingConfig": GONE})),
    Case("function.limits", {"X": FUNCTION}, ({"X.MemorySize": GONE}, {"X.Timeout": GONE})),
    Case("function.no-network", {"X": FUNCTION}, ({"X.VpcConfig": {"SubnetIds": ["a"]}},)),
    Case("function.unreserved", {"X": FUNCTION}, ({"X.ReservedConcurrentExecutions": 0},)),
    Case(
        "function.logs",
        {"X": FUNCTION, "Logs": resource("AWS::Logs::LogGroup")},
        ({"X.LoggingConfig": GONE}, {"X.LoggingConfig.LogGroup": "/aws/lambda/x"}),
    ),
    Case(
        "function.key", {"X": FUNCTION, "Key": KEY}, ({"X.KmsKeyArn": GONE}, {"X.KmsKeyArn": "alias/aws/lambda"})
    ),
    *(
        Case(
            "function.failures",
            {"X": FUNCTION, "Caller": caller, "Arrives": ARRIVES},
            (
                {"Arrives": GONE},
                {"Arrives.FunctionName": "other"},
                {"Arrives.DestinationConfig": GONE},
                {"Arrives.DestinationConfig.OnFailure.Destination": GONE},
            ),
            ({"Arrives": GONE, "Caller": GONE}, {"Arrives": GONE, "Caller.Type": "AWS::Other::Thing"}),
        )
        for caller in ASYNCHRONOUS
    ),
)  # fmt: skip
