"""The permissions of the roles, resolved, asserted in full where it matters."""

from __future__ import annotations

import functools
from fnmatch import fnmatchcase

import pytest

from checks.assembly import Assembly, Resource
from checks.policies import Statement, statements
from tests.stacks.assemblies import ENVIRONMENTS, assembly


@functools.cache
def resolved(environment: str) -> Assembly:
    return Assembly.load(assembly(environment))


def role(name: str, environment: str = "prod") -> Resource:
    """The role whose logical id starts with `name`."""
    (found,) = [item for item in resolved(environment).of("AWS::IAM::Role") if item.name.startswith(name)]
    return found


def allowed(name: str, environment: str = "prod") -> list[Statement]:
    holder = role(name, environment)
    return [
        statement
        for policy in resolved(environment).of("AWS::IAM::Policy")
        if any(holder.points_at(item) for item in policy.get("Roles"))
        for statement in statements(policy.get("PolicyDocument"))
    ]


def may(name: str, action: str, resource: str, environment: str = "prod") -> bool:
    """Whether the role may do `action` on a resource with this ending, apart from conditions."""
    return any(
        action in item.actions and any(fnmatchcase(resource, _tail(pattern)) for pattern in item.resources)
        for item in allowed(name, environment)
    )


def _tail(pattern: str) -> str:
    """A bucket's pattern without the bucket: `models/*`."""
    return pattern.split(".Arn}/", 1)[-1]


def test_training_reads_only_its_own_splits() -> None:
    assert may("TrainingRole", "s3:GetObject", "prepared/abc/train/000.jpg")
    assert may("TrainingRole", "s3:GetObject", "prepared/abc/validation/000.jpg")
    assert not may("TrainingRole", "s3:GetObject", "prepared/abc/test/000.jpg")
    assert may("EvaluationRole", "s3:GetObject", "prepared/abc/test/000.jpg")


@pytest.mark.parametrize("name", ["PreparationRole", "TrainingRole", "EvaluationRole", "FunctionsSmokeTest"])
def test_no_job_can_publish(name: str) -> None:
    for key in ("models/a/1/model.tar.gz", "aliases/a.json"):
        assert not may(name, "s3:PutObject", key)


def test_only_publish_model_writes_aliases() -> None:
    writers = {
        item.name for item in resolved("prod").of("AWS::IAM::Role") if may(item.name, "s3:PutObject", "aliases/a.json")
    }
    (writer,) = writers
    assert writer.startswith("FunctionsPublishModelRole")


def test_a_stable_key_is_written_only_where_the_environment_has_one() -> None:
    assert not may("FunctionsPublishModel", "s3:PutObject", "models/a/model.tar.gz")
    assert may("FunctionsPublishModel", "s3:PutObject", "models/a/model.tar.gz", environment="dev")


def endpoint_role() -> Resource:
    (endpoint,) = [
        item
        for item in resolved("prod").of("AWS::IAM::Role")
        if item.stack.endswith("Serving") and not item.name.startswith(("TransformRole", "Logs"))
    ]
    return endpoint


def test_the_endpoint_reads_models_and_nothing_else() -> None:
    endpoint = endpoint_role()
    readable = [name for item in allowed(endpoint.name) if "s3:GetObject" in item.actions for name in item.resources]
    assert [_tail(name) for name in readable] == ["models/*"]
    written = {action for item in allowed(endpoint.name) for action in item.actions if action.startswith("s3:Put")}
    assert not written


def test_the_endpoint_may_read_its_rollback_alarms() -> None:
    endpoint = endpoint_role()
    (statement,) = [item for item in allowed(endpoint.name) if "cloudwatch:DescribeAlarms" in item.actions]
    assert statement.resources[0].endswith(":alarm:Kennel-Prod-Serving-*")


def test_batch_jobs_read_models_and_images_and_write_only_answers() -> None:
    policy = allowed("TransformRole")
    readable = {_tail(name) for item in policy if "s3:GetObject" in item.actions for name in item.resources}
    assert {name for name in readable if "arn:" not in name} == {"models/*", "batch/*", "datasets/*"}
    written = [_tail(name) for item in policy if "s3:PutObject" in item.actions for name in item.resources]
    assert written == ["batch/*"]
    assert any("kms:CreateGrant" in item.actions for item in policy), "its volume is encrypted with the customer key"


def test_the_state_machine_may_run_its_jobs_to_the_end() -> None:
    """AddTags, PutRule and the managed rules are often missing in such roles. Searches are polled, without a rule."""
    actions = {action for item in allowed("PipelineRole") for action in item.actions}
    for noun in ("TrainingJob", "ProcessingJob", "HyperParameterTuningJob"):
        assert {f"sagemaker:Create{noun}", f"sagemaker:Describe{noun}", f"sagemaker:Stop{noun}"} <= actions
    assert {
        "sagemaker:AddTags",
        "events:PutRule",
        "events:PutTargets",
        "events:DescribeRule",
        "iam:PassRole",
    } <= actions
    rules = {name.split(":")[-1] for item in allowed("PipelineRole") for name in item.resources if ":rule/" in name}
    wanted = {f"rule/StepFunctionsGetEventsForSageMaker{kind}JobsRule" for kind in ("Training", "Processing")}
    assert rules == wanted


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_role_that_reads_an_encrypted_bucket_may_decrypt(environment: str) -> None:
    for item in resolved(environment).of("AWS::IAM::Role"):
        policy = allowed(item.name, environment)
        actions = {action for statement in policy for action in statement.actions}
        reads_ours = any("s3:GetObject" in s.actions and "Storage/" in "".join(s.resources) for s in policy)
        if reads_ours:
            assert "kms:Decrypt" in actions, item.label
        if any("s3:PutObject" in s.actions for s in policy):
            assert "kms:GenerateDataKey" in actions, item.label


def test_jobs_read_exactly_the_code_of_this_deployment() -> None:
    for name in ("PreparationRole", "TrainingRole", "EvaluationRole"):
        objects = [
            resource
            for item in allowed(name)
            if "s3:GetObject" in item.actions
            for resource in item.resources
            if "cdk-hnb659fds-assets" in resource
        ]
        assert len(objects) == 1 and objects[0].endswith(".gz") and "*" not in objects[0]


def test_functions_can_distinguish_a_missing_object_from_a_forbidden_one() -> None:
    for name in ("FunctionsPlanRun", "FunctionsStageArtifact", "FunctionsPublishModel", "FunctionsSmokeTest"):
        unconditional = [item for item in allowed(name) if "s3:ListBucket" in item.actions and not item.conditions]
        assert unconditional, name


def test_people_in_studio_open_their_own_domain_only_and_cannot_publish() -> None:
    (studio,) = [item for item in resolved("prod").of("AWS::IAM::Role") if item.name.startswith("StudioRole")]
    (open_app,) = [item for item in allowed(studio.name) if "sagemaker:CreateApp" in item.actions]
    assert all("Domain" in resource and resource.endswith("/*") for resource in open_app.resources)
    assert may(studio.name, "s3:PutObject", "datasets/mine/a.jpg")
    assert not may(studio.name, "s3:PutObject", "models/a/1/model.tar.gz")
    assert not may(studio.name, "s3:PutObject", "aliases/a.json")


def test_in_somebody_elses_vpc_no_function_may_touch_a_security_group() -> None:
    """Those of other domains are there too."""
    actions = {action for item in allowed("ClearingFunctionRole", "prod-in-a-vpc") for action in item.actions}
    assert not {action for action in actions if "SecurityGroup" in action}
    (delete,) = [
        item
        for item in allowed("ClearingFunctionRole", "prod-in-a-vpc")
        if "ec2:DeleteNetworkInterface" in item.actions
    ]
    operator, subnets = delete.conditions["ec2:subnet"]
    assert operator == "ArnLike"
    assert [name.rpartition("/")[2] for name in subnets] == ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    given = {action for item in allowed("ClearingFunctionRole", "local-in-a-vpc") for action in item.actions}
    assert not {action for action in given if action.startswith("ec2:")}
