"""Images built in the account: two repositories, a CodeBuild project, and a custom resource that waits for it."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from config import regions
from lambdas.build_images.environment import Environment
from stacks.constructs.assets import image_source
from stacks.constructs.build_script import build_spec, image_tag
from stacks.constructs.build_watch import BuildWatch
from stacks.constructs.container_image import ContainerImage
from stacks.constructs.function import PlatformFunction
from stacks.constructs.log_group import PlatformLogGroup
from stacks.constructs.notifications import Notifications
from stacks.constructs.roles import ServiceRole

BUILD_MINUTES = 50
QUEUED_MINUTES = 5
WAIT_SECONDS = 3600
"""CloudFormation's limit for a custom resource; longer than queue and build together."""
BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
UNTAGGED_DAYS = 14

PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


class ImageBuild(Construct):
    """`jobs` and `serving`: `PREFIX/jobs:TAG` in this account's registry. Another tag starts a new build.

    The repositories have fixed names, so that other stacks know the images without importing anything from this one.
    `bases`: build argument of the Dockerfile -> base image.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        prefix: str,
        key: kms.IKey,
        topic: Notifications,
        code: lambda_.Code,
        log_retention_days: int,
        bases: Mapping[str, str],
        rebuild: str,
    ) -> None:
        super().__init__(scope, id)
        self._key = key
        source = s3_assets.Asset(self, "Source", path=str(image_source(self)))
        tag = image_tag(source.asset_hash, bases, rebuild)
        self._names = [f"{prefix}/jobs", f"{prefix}/serving"]
        repositories = [self._repository(id, name) for id, name in zip(("Jobs", "Serving"), self._names, strict=True)]
        self.jobs, self.serving = (ContainerImage.own(Stack.of(self), name, tag) for name in self._names)
        project = self._project(source, tag, bases, log_retention_days)
        starter = self._starter(project, code, log_retention_days, topic)
        watch = BuildWatch(self, "Watch", project_name=project.ref, starter=starter, key=key)
        build = CustomResource(
            self,
            "Images",
            service_token=starter.function_arn,
            resource_type="Custom::ImageBuild",
            properties={"Tag": tag},
            service_timeout=Duration.seconds(WAIT_SECONDS),
        )
        build.node.add_dependency(self._role, starter.service_role, watch, *repositories)

    def _repository(self, id: str, name: str) -> ecr.Repository:
        return ecr.Repository(
            self,
            id,
            repository_name=name,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=self._key,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    tag_status=ecr.TagStatus.UNTAGGED, max_image_age=Duration.days(UNTAGGED_DAYS), rule_priority=1
                )
            ],
            # Even where data is retained: the name is fixed, so a repository that stayed would block the next deploy,
            # which builds the same images under the same tag again.
            removal_policy=RemovalPolicy.DESTROY,
            empty_on_delete=True,
        )

    def _starter(
        self,
        project: codebuild.CfnProject,
        code: lambda_.Code,
        log_retention_days: int,
        topic: Notifications,
    ) -> PlatformFunction:
        starter = PlatformFunction(
            self,
            "Starter",
            name="build_images",
            code=code,
            environment=Environment(project=project.ref, repositories=self._names).to_environment(),
            key=self._key,
            log_retention_days=log_retention_days,
            description="Starts the image build, and answers for a build that could not",
            failures="its failed invocations are sent to the topic",
        )
        starter.service_role.allow(["codebuild:BatchGetBuilds", "codebuild:StartBuild"], [project.attr_arn])
        starter.service_role.allow(["ecr:BatchGetImage"], [self.jobs.repository_arn, self.serving.repository_arn])
        # CloudFormation invokes it asynchronously. It reports its own failure, so a retry would report twice.
        lambda_.CfnEventInvokeConfig(
            self,
            "StarterFailures",
            function_name=starter.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=0,
            destination_config={"onFailure": {"destination": topic.topic_arn}},
        )
        topic.allow_publish(starter.service_role)
        return starter

    def _project(
        self, source: s3_assets.Asset, tag: str, bases: Mapping[str, str], log_retention_days: int
    ) -> codebuild.CfnProject:
        logs = PlatformLogGroup(self, "BuildLogs", key=self._key, retention_days=log_retention_days)
        stack = Stack.of(self)
        base = ContainerImage.given(stack, bases["TRAINING_IMAGE"])
        role = self._role = ServiceRole(self, "BuildRole", service="codebuild", description="Builds the images")
        role.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs.log_group_arn])
        role.allow(["s3:GetObject", "s3:GetObjectVersion"], [source.bucket.arn_for_objects(source.s3_object_key)])
        role.allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], [source.bucket.bucket_arn])
        role.allow(PUSH, [self.jobs.repository_arn, self.serving.repository_arn])
        base.allow_pull(role)
        role.allow(["kms:Decrypt", "kms:GenerateDataKey"], [self._key.key_arn])
        variables = {
            "TAG": tag,
            "JOBS_REPOSITORY": self.jobs.uri.removesuffix(f":{tag}"),
            "SERVING_REPOSITORY": self.serving.uri.removesuffix(f":{tag}"),
            **bases,
            "REGISTRY": regions.registry(stack.account, stack.region),
        }
        return codebuild.CfnProject(
            self,
            "Project",
            description="Builds the jobs and serving images and answers the stack that is waiting",
            service_role=role.role_arn,
            encryption_key=self._key.key_arn,
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "computeType": "BUILD_GENERAL1_MEDIUM",
                "image": BUILD_IMAGE,
                "privilegedMode": True,
                "environmentVariables": [
                    {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
                ],
            },
            source={
                "type": "S3",
                "location": f"{source.s3_bucket_name}/{source.s3_object_key}",
                "buildSpec": stack.to_json_string(build_spec(base.uri)),
            },
            logs_config={"cloudWatchLogs": {"status": "ENABLED", "groupName": logs.log_group_name}},
            timeout_in_minutes=BUILD_MINUTES,
            queued_timeout_in_minutes=QUEUED_MINUTES,
        )
