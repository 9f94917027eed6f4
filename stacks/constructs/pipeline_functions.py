"""The pipeline's Lambda functions: one shared archive; each has its own environment and role."""

from __future__ import annotations

import json

from aws_cdk import Stack
from constructs import Construct

from config.app import AppConfig
from imgcls.contract import keys, metrics
from lambdas.common.environment import FunctionEnvironment
from lambdas.diagnose_failure import environment as diagnose_failure
from lambdas.emit_findings import environment as emit_findings
from lambdas.plan_run import environment as plan_run
from lambdas.publish_model import environment as publish_model
from lambdas.quality_gate import environment as quality_gate
from lambdas.register_model import environment as register_model
from lambdas.smoke_test import environment as smoke_test
from lambdas.stage_artifact import environment as stage_artifact
from pipeline import functions, specs
from pipeline.functions import Function
from pipeline.placeholders import Placeholder
from stacks.constructs.acknowledgements import acknowledge_wildcard
from stacks.constructs.assets import function_code
from stacks.constructs.container_image import PULL, ContainerImage
from stacks.constructs.function import PlatformFunction
from stacks.constructs.roles import ServiceRole
from stacks.constructs.store import Store


class PipelineFunctions(Construct):
    """`arns`: the values of the state machine's placeholders."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        config: AppConfig,
        store: Store,
        serving_image: ContainerImage,
        code_file: str,
    ) -> None:
        super().__init__(scope, id)
        self._config = config
        self._store = store
        self._code = function_code(self, {specs.FILE: json.dumps(specs.run_specs(config), sort_keys=True, indent=1)})
        self.arns: dict[Placeholder, str] = {}
        self._add_plan_run(code_file)
        self._add(functions.DIAGNOSE_FAILURE, diagnose_failure.Environment())
        self._add_emit_findings()
        self._add_quality_gate()
        self._add_register_model(serving_image)
        self._add_stage_artifact()
        self._add_smoke_test()
        self._add_publish_model()

    def _add_plan_run(self, code_file: str) -> None:
        data, artifacts = self._store.data, self._store.artifacts
        environment = plan_run.Environment(
            data_bucket=data.bucket_name,
            artifacts_bucket=artifacts.bucket_name,
            region=self._config.region,
            code_file=code_file,
            check_quotas=self._config.pipeline.check_quotas,
        )
        role = self._add(functions.PLAN_RUN, environment)
        data.allow_list(role, keys.DATASETS)
        artifacts.allow_read(role, keys.ALIASES, keys.MODELS, keys.WEIGHTS, keys.RUNS, keys.STAGED)
        artifacts.allow_write(role, keys.RUNS, keys.NO_CHAMPION)
        artifacts.allow_existence_check(role)
        role.allow_without_resource(["servicequotas:ListServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"])
        self._allow_versions(role, "sagemaker:DescribeModelPackage")

    def _add_emit_findings(self) -> None:
        role = self._add(functions.EMIT_FINDINGS, emit_findings.Environment(environment=self._config.prefix))
        jobs = self._sagemaker_arn("training-job", "*")
        role.allow(["sagemaker:DescribeTrainingJob"], [jobs])
        acknowledge_wildcard(role, jobs, "training jobs are named at run time")
        role.allow_without_resource(
            ["cloudwatch:PutMetricData"], {"StringEquals": {"cloudwatch:namespace": metrics.NAMESPACE}}
        )

    def _add_quality_gate(self) -> None:
        gate = self._config.pipeline.gate
        role = self._add(functions.QUALITY_GATE, quality_gate.Environment(**gate.model_dump()))
        self._store.artifacts.allow_read(role, keys.RUNS)
        self._store.artifacts.allow_existence_check(role)

    def _add_register_model(self, serving_image: ContainerImage) -> None:
        environment = register_model.Environment(
            serving_image=serving_image.uri, project=self._config.project, environment=self._config.environment
        )
        role = self._add(functions.REGISTER_MODEL, environment)
        self._store.artifacts.allow_read(role, keys.RUNS, keys.MODELS)
        # SageMaker looks for archive and image with the permissions of whoever registers a package.
        role.allow(PULL, [serving_image.repository_arn])
        groups = self._sagemaker_arn("model-package-group", f"{self._config.prefix}-*")
        versions = self._versions_arn()
        role.allow(["sagemaker:CreateModelPackage"], [groups, versions])
        self._allow_versions(role, "sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage")
        role.allow(["sagemaker:CreateModelPackageGroup", "sagemaker:AddTags"], [groups])
        acknowledge_wildcard(role, groups, "a run may give a model a new name, which begins with this environment's")

    def _allow_versions(self, role: ServiceRole, *actions: str) -> None:
        """Actions on the model packages of this environment."""
        role.allow(actions, [self._versions_arn()])
        acknowledge_wildcard(
            role, self._versions_arn(), "the registry numbers the versions of this environment's models"
        )

    def _add_stage_artifact(self) -> None:
        artifacts = self._store.artifacts
        role = self._add(functions.STAGE_ARTIFACT, stage_artifact.Environment(artifacts_bucket=artifacts.bucket_name))
        artifacts.allow_read(role, keys.RUNS, keys.MODELS)
        artifacts.allow_write(role, keys.MODELS)
        artifacts.allow_existence_check(role)

    def _add_smoke_test(self) -> None:
        artifacts, endpoint = self._store.artifacts, self._config.endpoint.name
        role = self._add(
            functions.SMOKE_TEST,
            smoke_test.Environment(artifacts_bucket=artifacts.bucket_name, endpoint_name=endpoint),
        )
        artifacts.allow_read(role, keys.MODELS)
        artifacts.allow_existence_check(role)
        role.allow(
            ["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"], [self._sagemaker_arn("endpoint", endpoint)]
        )

    def _add_publish_model(self) -> None:
        artifacts, endpoint = self._store.artifacts, self._config.endpoint.name
        publish = self._config.pipeline.publish
        environment = publish_model.Environment(
            artifacts_bucket=artifacts.bucket_name,
            endpoint_name=endpoint,
            stable_key=publish.stable_key,
            refresh_stable_key=publish.refresh_stable_key,
        )
        role = self._add(functions.PUBLISH_MODEL, environment)
        artifacts.allow_read(role, keys.ALIASES, keys.MODELS, keys.STAGED)
        artifacts.allow_write(role, keys.ALIASES, keys.STAGED)
        artifacts.allow_existence_check(role)
        if publish.stable_key:
            artifacts.allow_write(role, keys.MODELS)
        if publish.stable_key and publish.refresh_stable_key:
            self._allow_refresh(role)

    def _allow_refresh(self, role: ServiceRole) -> None:
        """Let `role` roll out a copy of the endpoint's configuration, which refers to the key of the volumes."""
        endpoint = self._config.endpoint.name
        arn = self._sagemaker_arn("endpoint", endpoint)
        configs = self._sagemaker_arn("endpoint-config", "*")
        copies = self._sagemaker_arn("endpoint-config", f"{endpoint}-refresh-*")
        role.allow(["sagemaker:DescribeEndpoint"], [arn])
        role.allow(["sagemaker:DescribeEndpointConfig"], [configs])
        role.allow(["sagemaker:CreateEndpointConfig", "sagemaker:DeleteEndpointConfig"], [copies])
        role.allow(["sagemaker:UpdateEndpoint"], [arn, copies])
        self._store.key.allow_volumes(role)
        acknowledge_wildcard(role, configs, "CloudFormation names the endpoint's configuration")
        acknowledge_wildcard(role, copies, "each refresh creates its own configuration")

    def _add(self, function: Function, environment: FunctionEnvironment) -> ServiceRole:
        made = PlatformFunction(
            self,
            "".join(part.capitalize() for part in function.folder.split("_")),
            name=function.folder,
            code=self._code,
            environment=environment.to_environment(),
            key=self._store.key,
            log_retention_days=self._config.monitoring.log_retention_days,
            memory_mb=function.memory_mb,
            timeout_seconds=function.timeout_seconds,
            failures="the state machine invokes it synchronously and catches its errors",
            description=f"Pipeline step {function.folder.replace('_', ' ')}",
        )
        self.arns[function.arn] = made.function_arn
        return made.service_role

    def _versions_arn(self) -> str:
        return self._sagemaker_arn("model-package", f"{self._config.prefix}-*")

    def _sagemaker_arn(self, kind: str, name: str) -> str:
        """The ARNs of SageMaker have names in lower case, however they were configured."""
        return Stack.of(self).format_arn(service="sagemaker", resource=kind, resource_name=name.lower())
