"""Two copies in one account and region: no name is taken twice, and no role of one may touch what the other has."""

from __future__ import annotations

import functools
import itertools
import json
import re
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from config.app import AppConfig
from kennel import Project
from tests.stacks.assemblies import synthesize

COPIES = (("cats", "dev"), ("cats-two", "dev"), ("cats", "dev2"), ("cats2", "dev"), ("ca", "dev"))
"""Names that begin like others: those of projects may have hyphens, those of environments may not."""
PAIRS = list(itertools.permutations(COPIES, 2))
ACCOUNT, REGION = "111122223333", "eu-central-1"
PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::URLSuffix": "amazonaws.com"}
PROJECT = """
project: {project}
environments:
  {environment}:
    preset: {preset}
    account: "{account}"
    region: {region}
    notify: [ml-team@example.com]
    pipeline: {{schedule: {{enabled: true}}}}
datasets:
  photos: {{layout: classes}}
models:
  pets: {{dataset: photos, network: mobilenet_v3_small}}
"""
INSIDE = {
    "PolicyName": "of a role's inline policy, or of one target's scaling policy",
    "UserProfileName": "inside of a domain",
    "MetricName": "a metric: its dimensions name the copy",
    "ServiceName": "of an interface endpoint: AWS's name of the service",
}
"""Names that are the same in every copy, and why they do not meet."""
SHARED = {
    "sagemaker:training-job/*": "jobs are named at run time, and their roles are the copy's own",
    "sagemaker:processing-job/*": "the same",
    "sagemaker:hyper-parameter-tuning-job/*": "the same",
    "sagemaker:endpoint-config/*": "CloudFormation names them; the only action on all of them is Describe",
    "logs:log-group:/aws/sagemaker/TrainingJobs:*": "SageMaker has one log group per kind of job",
    "logs:log-group:/aws/sagemaker/ProcessingJobs:*": "the same",
    "logs:log-group:/aws/sagemaker/TransformJobs:*": "the same",
}
"""Resources of roles that are everybody's in the account, beside `*` for actions that know no resource."""


@functools.cache
def settings(project: str, environment: str, preset: str = "small") -> AppConfig:
    folder = Path(tempfile.mkdtemp(prefix="kennel-side-by-side-"))
    values = {"project": project, "environment": environment, "preset": preset, "account": ACCOUNT, "region": REGION}
    (folder / "kennel.yaml").write_text(PROJECT.format(**values))
    return Project.load(folder).config(environment)


@functools.cache
def templates(project: str, environment: str, preset: str = "small") -> dict[str, Any]:
    """Stack -> template, with references to its own resources as `<stack/resource>`."""
    with tempfile.TemporaryDirectory() as folder:
        synthesize(settings(project, environment, preset), Path(folder), rule_packs=False)
        paths = sorted(Path(folder).glob("*.template.json"))
        found = {path.name.removesuffix(".template.json"): json.loads(path.read_text()) for path in paths}
    return {stack: _resolved(template, stack) for stack, template in found.items()}


def _resolved(value: Any, stack: str) -> Any:
    if isinstance(value, list):
        return [_resolved(item, stack) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return PSEUDO.get(value["Ref"], f"<{stack}/{value['Ref']}>")
    if set(value) == {"Fn::GetAtt"}:
        return f"<{stack}/{'.'.join(value['Fn::GetAtt'])}>"
    if set(value) == {"Fn::ImportValue"}:
        return f"<{value['Fn::ImportValue']}>"
    if set(value) == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return separator.join(str(_resolved(part, stack)) for part in parts)
    return {name: _resolved(item, stack) for name, item in value.items()}


def names(copy: tuple[str, ...]) -> set[tuple[str, str, str]]:
    """(type, property, value) of everything that a template names in the account, and of its exports and stacks."""
    found = {("Stack", "Name", stack) for stack in templates(*copy)}
    for template in templates(*copy).values():
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                found.add(("Export", "Name", output["Export"]["Name"]))
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            for name, value in {**properties, **_mapping(properties.get("Budget"))}.items():
                if (name.endswith("Name") or name == "ResourceId") and name not in INSIDE:
                    found.add((resource["Type"], name, str(value)))
    return found


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


@pytest.mark.parametrize(
    ("one", "other", "preset"),
    [
        *((one, other, "small") for one, other in itertools.combinations(COPIES, 2)),
        *((COPIES[0], other, "strict") for other in COPIES[1:]),
    ],
)
def test_no_name_is_taken_twice(one: tuple[str, str], other: tuple[str, str], preset: str) -> None:
    here, there = names((*one, preset)), names((*other, preset))
    assert here & there == set()
    kinds = {kind for kind, _, _ in here}
    assert {"Stack", "Export", "AWS::SageMaker::Endpoint", "AWS::StepFunctions::StateMachine"} <= kinds
    assert {"AWS::Logs::LogGroup", "AWS::ECR::Repository", "AWS::CloudWatch::Dashboard", "Custom::LogGroup"} <= kinds
    # Names of buckets and roles are compared without regard to case.
    assert {value.lower() for *_, value in here} & {value.lower() for *_, value in there} == set()


def test_what_is_not_named_here_is_named_by_cloudformation() -> None:
    """Roles, functions, buckets, alarms, rules, topics, queues and budgets: their names begin with the stack's."""
    kinds = {
        f"AWS::{kind}"
        for kind in (
            "IAM::Role", "Lambda::Function", "S3::Bucket", "CloudWatch::Alarm", "Events::Rule", "SNS::Topic",
            "SQS::Queue", "SSM::Parameter",
        )
    }  # fmt: skip
    seen = set()
    named = {"RoleName", "FunctionName", "BucketName", "AlarmName", "Name", "TopicName", "QueueName"}
    for template in templates("cats", "dev", "strict").values():
        for name, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] in kinds:
                seen.add(resource["Type"])
                assert not named & set(properties), name
            assert "BudgetName" not in _mapping(properties.get("Budget")), name
    assert seen == kinds, "a kind that is not there proves nothing"


def arns(copy: tuple[str, str]) -> list[str]:
    """One of each that a copy has or makes in a run, by the names that it gives and CloudFormation gives."""
    config = settings(*copy)
    stack, prefix = config.stack_prefix, config.prefix
    bucket = f"{stack}-storage-artifacts0a1b-xyz".lower()
    rest = {
        "sagemaker": [
            f"endpoint/{config.endpoint.name}", f"endpoint-config/{config.endpoint.name}-refresh-1",
            f"model-package-group/{prefix}-pets", f"model-package/{prefix}-pets/1", "training-job/pets-0a1b2c-1",
            "processing-job/pets-0a1b2c-1", "hyper-parameter-tuning-job/pets-0a1b2c-1",
        ],
        "states": [f"stateMachine:{prefix}-pipeline", f"execution:{prefix}-pipeline:run-1"],
        "ecr": [f"repository/{prefix}/jobs", f"repository/{prefix}/serving"],
        "logs": [
            f"log-group:/aws/sagemaker/Endpoints/{config.endpoint.name}:log-stream:x",
            f"log-group:/aws/vendedlogs/states/{prefix}-pipeline:log-stream:x",
            f"log-group:{stack}-Training-FunctionsPlanRunLogs0A1B-xyz:log-stream:x",
            *(f"log-group:/aws/sagemaker/{kind}Jobs:log-stream:x" for kind in ("Training", "Processing", "Transform")),
        ],
        "cloudformation": [f"stack/{stack}-Training/0a1b"],
        "cloudwatch": [f"alarm:{stack}-Serving-Latency0A1B-xyz"],
        "lambda": [f"function:{stack}-Training-FunctionsPlanRun0A1B-xyz"],
        "codebuild": [f"project/{stack}-Images-Build0A1B-xyz"],
    }  # fmt: skip
    return [
        *(f"arn:aws:{service}:{REGION}:{ACCOUNT}:{item}" for service, items in rest.items() for item in items),
        f"arn:aws:s3:::{bucket}",
        f"arn:aws:s3:::{bucket}/models/pets/v1/model.tar.gz",
        f"arn:aws:iam::{ACCOUNT}:role/{stack}-Training-TrainingRole0A1B-xyz",
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{prefix}-training",
    ]


def granted(copy: tuple[str, str]) -> Iterator[str]:
    """The resources of all Allow statements of a copy's roles, without `*`."""
    for template in templates(*copy).values():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            documents = [properties.get("PolicyDocument")] if resource["Type"].startswith("AWS::IAM::") else []
            documents += [policy["PolicyDocument"] for policy in properties.get("Policies") or () if policy]
            for statement in (item for document in documents if document for item in document["Statement"]):
                listed = statement["Resource"]
                if statement["Effect"] == "Allow":
                    yield from (item for item in ([listed] if isinstance(listed, str) else listed) if item != "*")


def short(pattern: str) -> str:
    """`sagemaker:training-job/*` of its ARN."""
    return re.sub(rf"^arn:aws:([a-z0-9]+):{REGION}:{ACCOUNT}:", r"\1:", pattern)


@functools.cache
def touched(one: tuple[str, str], other: tuple[str, str]) -> set[str]:
    """The resources in the policies of `one` that match something of `other`, whatever their conditions say."""
    return {
        short(pattern)
        for pattern in granted(one)
        if any(fnmatchcase(arn.lower(), pattern.lower().replace("[", "[[]")) for arn in arns(other))
    }


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_role_may_touch_what_the_other_copy_has(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert touched(one, other) <= set(SHARED)


@pytest.mark.parametrize("copy", COPIES)
def test_the_same_comparison_finds_what_a_copy_may_touch_of_its_own(copy: tuple[str, str]) -> None:
    prefix, stack = settings(*copy).prefix, settings(*copy).stack_prefix
    assert {
        f"sagemaker:model-package/{prefix}-*",
        f"sagemaker:model-package-group/{prefix}-*",
        f"logs:log-group:/aws/sagemaker/Endpoints/{prefix}:*",
        f"cloudwatch:alarm:{stack}-Serving-*",
        f"sagemaker:endpoint/{prefix}",
    } <= touched(copy, copy)


def test_a_project_that_is_called_like_another_ones_environment_is_refused() -> None:
    """The models of `cats` in `dev` are `cats-dev-...`: so would be everything of a project `cats-dev`."""
    with pytest.raises(ValueError, match=r"cats-dev ends with -dev, (.|\n)*choose another name"):
        settings("cats-dev", "prod")
