"""Values of AWS's shape for what a template refers to and no account has yet, so that services can judge the whole."""

from __future__ import annotations

import json
import re
from typing import Any

from checks.assembly import Assembly, Resource
from kennel.cloud.session import Session

_REFERENCE = re.compile(r"\$\{(?P<stack>[^}/]+)/(?P<name>[A-Za-z0-9]+)(?:\.(?P<attribute>[A-Za-z0-9.]+))?\}")
_NAMES = (
    "BucketName", "DashboardName", "EndpointName", "FunctionName", "LogGroupName", "Name", "QueueName",
    "RepositoryName", "RoleName", "StateMachineName", "TopicName",
)  # fmt: skip
"""Properties in which a template names a resource itself."""
_ARNS = {
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
_REF_IS_ARN = ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")
_IDS = {
    "AWS::EC2::Subnet": "subnet-",
    "AWS::EC2::SecurityGroup": "sg-",
    "AWS::EC2::VPC": "vpc-",
    "AWS::SageMaker::Domain": "d-",
}
_ID = "0123456789abcdef0"
_KEY_ID = "00000000-0000-4000-8000-000000000000"
STACK = "${AWS::StackId}"
"""Every stack has the same stand-in."""
DOMAIN = f"{_IDS['AWS::SageMaker::Domain']}{_ID}"
VPC = f"arn:${{AWS::Partition}}:ec2:${{AWS::Region}}:${{AWS::AccountId}}:vpc/{_IDS['AWS::EC2::VPC']}{_ID}"
_STACK_ID = f"arn:${{AWS::Partition}}:cloudformation:${{AWS::Region}}:${{AWS::AccountId}}:stack/Stack/{_KEY_ID}"


class StandIns:
    """Fills references in the resolved values of an assembly."""

    def __init__(self, assembly: Assembly, session: Session) -> None:
        self._resources = {resource.label: resource for resource in assembly.resources}
        self._session = session

    def fill(self, value: Any) -> Any:
        """`value` with every reference and placeholder replaced, at any depth."""
        text = json.dumps(value)
        filled = self._session.fill_placeholders(_REFERENCE.sub(self._reference, text).replace(STACK, _STACK_ID))
        return json.loads(filled)

    def arn(self, resource: Resource) -> str:
        name = self._session.fill_placeholders(self._name(resource))
        region, account = self._session.config.region, self._session.config.account
        rest = _ARNS[resource.kind].format(region=region, account=account, name=name)
        return self._session.fill_placeholders(f"arn:${{AWS::Partition}}:{rest}")

    def _reference(self, match: re.Match[str]) -> str:
        resource = self._resources.get(f"{match['stack']}/{match['name']}")
        if resource is None:
            return match["name"]
        attribute = match["attribute"]
        if resource.kind in _IDS:
            return _IDS[resource.kind] + _ID
        if resource.kind in _ARNS and (attribute == "Arn" or (attribute is None and resource.kind in _REF_IS_ARN)):
            return self.arn(resource)
        if resource.kind == "Custom::ImageBuild":
            host = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com"
            return f"{host}/{resource.name.lower()}:latest"
        return self._name(resource)

    def _name(self, resource: Resource) -> str:
        if resource.kind == "AWS::KMS::Key":
            return _KEY_ID
        given = next((resource.get(name) for name in _NAMES if isinstance(resource.get(name), str)), None)
        if given and "${" not in given:
            return str(given)
        name = f"{resource.stack}-{resource.name}"
        return name.lower()[:63] if resource.kind in ("AWS::S3::Bucket", "AWS::ECR::Repository") else name[:64]
