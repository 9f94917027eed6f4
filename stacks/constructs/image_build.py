"""Images built in the account: two repositories, a CodeBuild project, and a custom resource that waits for it."""

from __future__ import annotations

from typing import Any

from aws_cdk import CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from lambdas.build_images.environment import Environment
from stacks.constructs.assets import image_source
from stacks.constructs.container_image import ContainerImage
from stacks.constructs.function import PlatformFunction
from stacks.constructs.log_group import PlatformLogGroup
from stacks.constructs.notifications import NotificationTopic
from stacks.constructs.roles import ServiceRole

BUILD_MINUTES = 50
QUEUED_MINUTES = 5
WAIT_SECONDS = 3600
"""CloudFormation's limit for a custom resource; longer than queue and build together."""
BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
UNTAGGED_DAYS = 14
PYTHON_IMAGE = "public.ecr.aws/docker/library/python:3.12-slim-bookworm"
"""The same image as on Docker Hub, without limits on anonymous pulls."""

PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]

BUILD = """\
for target in jobs serving; do
  case $target in jobs) uri=$JOBS_REPOSITORY;; serving) uri=$SERVING_REPOSITORY;; esac
  name=${uri#*/}
  if ! aws ecr describe-images --repository-name "$name" --image-ids imageTag="$TAG" > /dev/null 2>&1; then
    docker build --target "$target" --tag "$uri:$TAG" \\
      --build-arg TRAINING_IMAGE="$TRAINING_IMAGE" --build-arg PYTHON_IMAGE="$PYTHON_IMAGE" .
    docker push "$uri:$TAG"
  fi
  digest=$(aws ecr describe-images --repository-name "$name" --image-ids imageTag="$TAG" \\
    --query 'imageDetails[0].imageDigest' --output text)
  echo "$uri@$digest" > "$target.uri"
done
"""
ANSWER = """\
python3 -c '
import json, os, pathlib
env, ok = os.environ, os.environ["CODEBUILD_BUILD_SUCCEEDING"] == "1"
uris = {name: pathlib.Path(name.lower() + ".uri") for name in ("Jobs", "Serving")}
print(json.dumps({
    "Status": "SUCCESS" if ok else "FAILED",
    "Reason": "" if ok else "the image build failed: see " + env["CODEBUILD_BUILD_URL"],
    "StackId": env["STACK_ID"], "RequestId": env["REQUEST_ID"], "LogicalResourceId": env["LOGICAL_ID"],
    "PhysicalResourceId": env["PHYSICAL_ID"],
    "Data": {name: path.read_text().strip() for name, path in uris.items()} if ok else {},
}))' > answer.json
curl --fail --silent --show-error --request PUT --header 'Content-Type:' --data-binary @answer.json "$RESPONSE_URL"
"""


class ImageBuild(Construct):
    """`jobs` and `serving` are URIs with digests. A changed source changes the tag, which starts a new build."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        key: kms.IKey,
        topic: NotificationTopic,
        code: lambda_.Code,
        log_retention_days: int,
        base: ContainerImage,
        retain: bool,
    ) -> None:
        super().__init__(scope, id)
        self._key = key
        self._retain = retain
        self._jobs = self._repository("Jobs")
        self._serving = self._repository("Serving")
        source = s3_assets.Asset(self, "Source", path=str(image_source(self)))
        project = self._project(source, base, log_retention_days)
        starter = PlatformFunction(
            self,
            "Starter",
            name="build_images",
            code=code,
            environment=Environment(project=project.ref).to_environment(),
            key=key,
            log_retention_days=log_retention_days,
            description="Starts the image build",
            failures="its failed invocations are sent to the topic",
        )
        starter.service_role.allow(["codebuild:StartBuild"], [project.attr_arn])
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
        build = CustomResource(
            self,
            "Images",
            service_token=starter.function_arn,
            resource_type="Custom::ImageBuild",
            properties={"Tag": source.asset_hash, "BaseImage": base.uri},
            service_timeout=Duration.seconds(WAIT_SECONDS),
        )
        build.node.add_dependency(self._role, starter.service_role)
        self.jobs = ContainerImage(build.get_att_string("Jobs"), self._jobs.repository_arn)
        self.serving = ContainerImage(build.get_att_string("Serving"), self._serving.repository_arn)

    def _repository(self, id: str) -> ecr.Repository:
        return ecr.Repository(
            self,
            id,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=self._key,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    tag_status=ecr.TagStatus.UNTAGGED, max_image_age=Duration.days(UNTAGGED_DAYS), rule_priority=1
                )
            ],
            removal_policy=RemovalPolicy.RETAIN if self._retain else RemovalPolicy.DESTROY,
        )

    def _project(self, source: s3_assets.Asset, base: ContainerImage, log_retention_days: int) -> codebuild.CfnProject:
        logs = PlatformLogGroup(self, "BuildLogs", key=self._key, retention_days=log_retention_days)
        stack = Stack.of(self)
        role = self._role = ServiceRole(self, "BuildRole", service="codebuild", description="Builds the images")
        role.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs.log_group_arn])
        role.allow(["s3:GetObject", "s3:GetObjectVersion"], [source.bucket.arn_for_objects(source.s3_object_key)])
        role.allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], [source.bucket.bucket_arn])
        role.allow(PUSH, [self._jobs.repository_arn, self._serving.repository_arn])
        base.allow_pull(role)
        role.allow(["kms:Decrypt", "kms:GenerateDataKey"], [self._key.key_arn])
        variables = {
            "TAG": source.asset_hash,
            "JOBS_REPOSITORY": self._jobs.repository_uri,
            "SERVING_REPOSITORY": self._serving.repository_uri,
            "TRAINING_IMAGE": base.uri,
            "PYTHON_IMAGE": PYTHON_IMAGE,
            "REGISTRY": f"{stack.account}.dkr.ecr.{stack.region}.amazonaws.com",
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
                "buildSpec": stack.to_json_string(_build_spec(base.uri)),
            },
            logs_config={"cloudWatchLogs": {"status": "ENABLED", "groupName": logs.log_group_name}},
            timeout_in_minutes=BUILD_MINUTES,
            queued_timeout_in_minutes=QUEUED_MINUTES,
        )


def _build_spec(base_image: str) -> dict[str, Any]:
    base_registry = base_image.split("/")[0]
    login = "aws ecr get-login-password | docker login --username AWS --password-stdin"
    return {
        "version": "0.2",
        "phases": {
            # Everything that can fail is in the build phase: only after this phase does post_build always run.
            "build": {"commands": [f'{login} "$REGISTRY"', f"{login} {base_registry}", "set -e\n" + BUILD]},
            "post_build": {"commands": [ANSWER]},
        },
    }
