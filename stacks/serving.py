"""The Serving stack: one endpoint that serves every published model."""

from __future__ import annotations

from aws_cdk import ArnFormat, CfnCondition, CfnOutput, CfnParameter, Fn
from constructs import Construct

from config.app import AppConfig
from imgcls.contract import keys
from stacks.base import PlatformStack
from stacks.constructs.acknowledgements import acknowledge_wildcard
from stacks.constructs.assets import function_code
from stacks.constructs.container_image import PlatformImages
from stacks.constructs.endpoint import VARIANT, MultiModelEndpoint
from stacks.constructs.endpoint_alarms import idle_alarm, rollback_alarms
from stacks.constructs.endpoint_metrics import EndpointMetrics
from stacks.constructs.network import Placement
from stacks.constructs.sagemaker_role import SageMakerRole
from stacks.constructs.service_log_group import ServiceLogGroup
from stacks.constructs.store import Store

ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"
TRANSFORM_LOGS = "/aws/sagemaker/TransformJobs"


class ServingStack(PlatformStack):
    def __init__(
        self, scope: Construct, config: AppConfig, *, store: Store, placement: Placement, images: PlatformImages
    ) -> None:
        super().__init__(scope, "Serving", config, purpose="multi-model endpoint")
        enabled = self._switch(config.endpoint.enabled)
        log_group = f"{ENDPOINT_LOGS}{config.endpoint.name}"
        logs = ServiceLogGroup(
            self,
            "Logs",
            name=log_group,
            code=function_code(self, {}),
            key=store.key,
            topic=store.topic,
            retention_days=config.monitoring.log_retention_days,
        )
        self.metrics = EndpointMetrics(config.endpoint.name, VARIANT)
        role = SageMakerRole(
            self,
            "Role",
            description="Lets SageMaker run the endpoint's model",
            image=images.serving,
            log_group=log_group,
        )
        store.artifacts.allow_read(role, keys.MODELS)
        self._allow_watching_alarms(role)
        endpoint = MultiModelEndpoint(
            self,
            "MultiModel",
            config=config.endpoint,
            role=role,
            image=images.serving,
            model_prefix=store.artifacts.s3_url_for_object(keys.MODELS),
            key=store.key,
            placement=placement,
            enabled=enabled,
            rollback_alarms=rollback_alarms(
                self,
                config=config.endpoint.rollback_alarms,
                metrics=self.metrics,
                topic=store.topic,
                condition=enabled,
            ),
        )
        endpoint.node.add_dependency(logs)
        idle_alarm(self, metrics=self.metrics, topic=store.topic, condition=enabled)
        CfnOutput(self, "EndpointName", value=config.endpoint.name)
        # For batch transform jobs: their models have one archive each, and use the image and network of this one.
        CfnOutput(self, "ServingModel", value=endpoint.model_name)
        CfnOutput(self, "BatchRole", value=self._batch_role(store, images).role_arn)

    def _batch_role(self, store: Store, images: PlatformImages) -> SageMakerRole:
        """SageMaker uses the role of a transform job's model to read the job's images and to write its answers."""
        role = SageMakerRole(
            self,
            "TransformRole",
            description="Lets SageMaker classify a prefix of images",
            image=images.serving,
            log_group=TRANSFORM_LOGS,
        )
        store.artifacts.allow_read(role, keys.MODELS)
        store.data.allow_read(role, keys.BATCH, keys.DATASETS)
        store.data.allow_write(role, keys.BATCH)
        store.key.allow_volumes(role)
        return role

    def _allow_watching_alarms(self, role: SageMakerRole) -> None:
        """A rollout reads its rollback alarms with the execution role. Their names start with the stack's name."""
        alarms = self.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{self.stack_name}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        role.allow(["cloudwatch:DescribeAlarms"], [alarms])
        acknowledge_wildcard(role, alarms, "CloudFormation names the alarms, which exist only while the endpoint does")

    def _switch(self, default: bool) -> CfnCondition:
        parameter = CfnParameter(
            self,
            "EndpointEnabled",
            type="String",
            allowed_values=["true", "false"],
            default=str(default).lower(),
            description="false removes the endpoint's instances, scaling and alarms, and keeps everything else",
        )
        return CfnCondition(
            self, "EndpointIsEnabled", expression=Fn.condition_equals(parameter.value_as_string, "true")
        )
