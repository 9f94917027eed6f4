"""The physical names of an environment's resources: given ones as they are, generated ones as patterns.

CloudFormation names a resource STACK-LOGICALID-RANDOM where the template does not. What differs: S3 takes lower case
only; a parameter is CFN-LOGICALID-RANDOM (aws-cloudformation-resource-providers-ssm). Whether CodeBuild, SageMaker and
Budgets leave the stack's name out, and whether SageMaker's ARNs are in lower case, is not documented: both are covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from checks.assembly import Assembly, Resource

_PREFIX_LENGTH = 20
"""CloudFormation shortens the stack's name in a name that would be too long; no pattern counts on more than this."""


@dataclass(frozen=True)
class Naming:
    """The types that share a kind of name, the property in which a template gives it, and what it is otherwise.

    In `generated`, `{stack}` is the beginning of every stack's name and `{logical}` the logical id.
    """

    kinds: tuple[str, ...]
    property: str
    generated: tuple[str, ...] = ("{stack}*",)
    forms: tuple[Callable[[str], str], ...] = (str,)


_BOTH = (str, str.lower)
_WITHOUT_STACK = ("{stack}*", "{logical}-*")
NAMINGS = {
    "Alarm": Naming(("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"), "AlarmName"),
    "Bucket": Naming(("AWS::S3::Bucket",), "BucketName", forms=(str.lower,)),
    "Budget": Naming(("AWS::Budgets::Budget",), "Budget.BudgetName", _WITHOUT_STACK),
    "Dashboard": Naming(("AWS::CloudWatch::Dashboard",), "DashboardName"),
    "Endpoint": Naming(("AWS::SageMaker::Endpoint",), "EndpointName", _WITHOUT_STACK, _BOTH),
    "EndpointConfig": Naming(("AWS::SageMaker::EndpointConfig",), "EndpointConfigName", _WITHOUT_STACK, _BOTH),
    "Function": Naming(("AWS::Lambda::Function",), "FunctionName"),
    "LogGroup": Naming(("AWS::Logs::LogGroup", "AWS::Logs::MetricFilter"), "LogGroupName"),
    "Model": Naming(("AWS::SageMaker::Model",), "ModelName", _WITHOUT_STACK, _BOTH),
    "Parameter": Naming(("AWS::SSM::Parameter",), "Name", ("CFN-{logical}-*",)),
    "Project": Naming(("AWS::CodeBuild::Project",), "Name", _WITHOUT_STACK),
    "Queue": Naming(("AWS::SQS::Queue",), "QueueName"),
    "Repository": Naming(("AWS::ECR::Repository",), "RepositoryName"),
    "Role": Naming(("AWS::IAM::Role",), "RoleName"),
    "Rule": Naming(("AWS::Events::Rule",), "Name"),
    "StateMachine": Naming(("AWS::StepFunctions::StateMachine",), "StateMachineName"),
    "Topic": Naming(("AWS::SNS::Topic",), "TopicName"),
}
"""The words in braces of kennel.bootstrap.handlers."""


def patterns(word: str, assembly: Assembly, stack_prefix: str) -> list[str]:
    """What names of this kind look like in an environment, whose stacks' names begin with `stack_prefix`."""
    naming = NAMINGS[word]
    found = {name for resource in assembly.of(*naming.kinds) for name in _names(naming, resource, stack_prefix)}
    return sorted(found)


def _names(naming: Naming, resource: Resource, stack_prefix: str) -> Iterator[str]:
    given = resource.get(naming.property)
    stack = f"{stack_prefix}-"[:_PREFIX_LENGTH]
    names = (given,) if isinstance(given, str) else naming.generated
    for name in names:
        text = name.format(stack=stack, logical=resource.name) if name is not given else name
        yield from {form(text) for form in naming.forms}
