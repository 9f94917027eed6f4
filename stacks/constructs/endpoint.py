"""The multi-model endpoint: model, configuration, blue/green rollout with rollback alarms, scaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aws_cdk import CfnCondition
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config import instances
from config.serving import EndpointConfig, RolloutConfig
from imgcls.contract.serving import ServerSettings
from stacks.constructs.alarms import PlatformAlarm
from stacks.constructs.container_image import ContainerImage
from stacks.constructs.network import Placement
from stacks.constructs.roles import ServiceRole

VARIANT = "AllTraffic"
TRAFFIC_TYPES = {"all_at_once": "ALL_AT_ONCE", "canary": "CANARY", "linear": "LINEAR"}


class MultiModelEndpoint(Construct):
    """Serves all models below `model_prefix` by TargetModel. CloudFormation names everything except the endpoint."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        config: EndpointConfig,
        role: ServiceRole,
        image: ContainerImage,
        model_prefix: str,
        key: kms.IKey,
        placement: Placement,
        enabled: CfnCondition,
        rollback_alarms: Sequence[PlatformAlarm],
    ) -> None:
        super().__init__(scope, id)
        self._config = config
        self._enabled = enabled
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            enable_network_isolation=config.isolate,
            vpc_config=_vpc_config(placement) if config.isolate else None,
            primary_container={
                "image": image.uri,
                "mode": "MultiModel",
                "modelDataUrl": model_prefix,
                "multiModelConfig": {"modelCacheSetting": "Enabled"},
                "environment": _server_settings(config).to_environment(),
            },
        )
        self.model_name = model.attr_model_name
        # SageMaker checks the image and the prefix with the role at once: its policy must exist first.
        model.node.add_dependency(role)
        # Types with local disks encrypt those themselves and reject a key.
        volume_key = None if instances.has_local_storage(config.instance_type) else key.key_id
        endpoint_config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            kms_key_id=volume_key,
            production_variants=[
                {
                    "variantName": VARIANT,
                    "modelName": model.attr_model_name,
                    "instanceType": config.instance_type,
                    "initialInstanceCount": config.min_instances,
                    "initialVariantWeight": 1,
                }
            ],
        )
        scales = config.min_instances < config.max_instances
        # An update must keep the instance count that scaling chose; where nothing scales the configuration decides.
        decided = ["DataCaptureConfig"] if scales else ["DataCaptureConfig", "DesiredInstanceCount"]
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=config.name,
            endpoint_config_name=endpoint_config.attr_endpoint_config_name,
            deployment_config=_deployment(config.rollout, rollback_alarms),
            retain_all_variant_properties=True,
            exclude_retained_variant_properties=[{"variantPropertyType": name} for name in decided],
        )
        endpoint.cfn_options.condition = enabled
        # SageMaker refuses another instance type while a scalable target is registered.
        if scales:
            self._scale(endpoint)

    def _scale(self, endpoint: sagemaker.CfnEndpoint) -> None:
        scaling = self._config.scaling
        target = autoscaling.CfnScalableTarget(
            self,
            "ScalableTarget",
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id=f"endpoint/{self._config.name}/variant/{VARIANT}",
            min_capacity=self._config.min_instances,
            max_capacity=self._config.max_instances,
        )
        target.add_resource_dependency(endpoint)
        policy = autoscaling.CfnScalingPolicy(
            self,
            "ScalingPolicy",
            policy_name="invocations-per-instance",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration={
                "targetValue": scaling.invocations_per_instance,
                "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                "scaleInCooldown": scaling.scale_in_cooldown_seconds,
                "scaleOutCooldown": scaling.scale_out_cooldown_seconds,
            },
        )
        for resource in (target, policy):
            resource.cfn_options.condition = self._enabled


def _vpc_config(placement: Placement) -> dict[str, list[str]]:
    return {"subnets": list(placement.subnets), "securityGroupIds": list(placement.security_groups)}


def _server_settings(config: EndpointConfig) -> ServerSettings:
    return replace(ServerSettings(endpoint_name=config.name), **config.server.model_dump())


def _deployment(rollout: RolloutConfig, alarms: Sequence[PlatformAlarm]) -> dict[str, Any]:
    routing: dict[str, Any] = {"type": TRAFFIC_TYPES[rollout.kind], "waitIntervalInSeconds": rollout.wait_seconds}
    if rollout.kind != "all_at_once":
        step = {"type": "CAPACITY_PERCENT", "value": rollout.canary_percent}
        routing["canarySize" if rollout.kind == "canary" else "linearStepSize"] = step
    return {
        "blueGreenUpdatePolicy": {
            "trafficRoutingConfiguration": routing,
            "terminationWaitInSeconds": rollout.termination_wait_seconds,
            "maximumExecutionTimeoutInSeconds": rollout.max_execution_seconds,
        },
        "autoRollbackConfiguration": {"alarms": [{"alarmName": alarm.alarm_name} for alarm in alarms]},
    }
