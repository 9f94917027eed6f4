"""Model, endpoint configuration, endpoint and its scaling."""

from __future__ import annotations

import re

from checks.assembly import Assembly, Resource, as_list
from checks.control import each
from checks.controls.network import in_two_subnets

MODEL, CONFIG, ENDPOINT = "AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
ALARM = "AWS::CloudWatch::Alarm"
PRIVATE_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/.+|\$\{.+\}.*")
MIN_INSTANCES = 2


def in_network(model: Resource, assembly: Assembly) -> bool:
    return in_two_subnets(model.get("VpcConfig", {}), assembly)


def private_images(model: Resource, _: Assembly) -> bool:
    containers = [model.get("PrimaryContainer", {}), *as_list(model.get("Containers"))]
    images = [container["Image"] for container in containers if container.get("Image")]
    return bool(images) and all(PRIVATE_IMAGE.fullmatch(image) for image in images)


def after_policy(model: Resource, assembly: Assembly) -> bool:
    """SageMaker uses the role as soon as the model is created: every policy of the role must exist by then."""
    role = assembly.at(model.get("ExecutionRoleArn"), "AWS::IAM::Role")
    if role is None:
        return False
    policies = [p.name for p in assembly.of("AWS::IAM::Policy") if any(role.points_at(r) for r in p.get("Roles", []))]
    return bool(policies) and set(policies) <= set(as_list(model.raw.get("DependsOn")))


def two_instances(config: Resource, _: Assembly) -> bool:
    variants = as_list(config.get("ProductionVariants"))
    return bool(variants) and all(variant.get("InitialInstanceCount", 0) >= MIN_INSTANCES for variant in variants)


def rolls_back(endpoint: Resource, assembly: Assembly) -> bool:
    alarms = as_list(endpoint.get("DeploymentConfig.AutoRollbackConfiguration.Alarms"))
    known = [assembly.at(alarm.get("AlarmName"), ALARM) for alarm in alarms]
    policy = endpoint.get("DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.Type")
    errors = any(alarm.get("MetricName") == "Invocation5XXErrors" for alarm in known if alarm)
    return bool(policy) and all(known) and errors


def shifts_gradually(endpoint: Resource, _: Assembly) -> bool:
    routing = endpoint.get("DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration", {})
    return routing.get("Type") in ("CANARY", "LINEAR") and routing.get("WaitIntervalInSeconds", 0) > 0


def captures(config: Resource, assembly: Assembly) -> bool:
    capture = config.get("DataCaptureConfig", {})
    key = assembly.at(capture.get("KmsKeyId"), "AWS::KMS::Key")
    return capture.get("EnableCapture") is True and key is not None


CONTROLS = (
    each(
        "model.isolated",
        "have network isolation enabled",
        MODEL,
        lambda m, _: m.get("EnableNetworkIsolation") is True,
        when="IsolatedEndpoint",
    ),
    each("model.network", "run in two subnets of the private network", MODEL, in_network, when="IsolatedEndpoint"),
    each("model.image", "use an image from a private registry", MODEL, private_images),
    each("model.after-policy", "be created after its role's policy", MODEL, after_policy),
    each(
        "endpoint.key",
        "encrypt its volumes with the customer managed key",
        CONFIG,
        lambda c, assembly: assembly.at(c.get("KmsKeyId"), "AWS::KMS::Key"),
        when="EndpointVolumeKey",
    ),
    each("endpoint.instances", "have at least two instances", CONFIG, two_instances, when="Strict"),
    each(
        "endpoint.scaling",
        "not scale below two instances",
        TARGET,
        lambda target, _: target.get("MinCapacity", 0) >= MIN_INSTANCES,
        when="Strict",
    ),
    each(
        "endpoint.capture",
        "capture data, encrypted with the customer managed key",
        CONFIG,
        captures,
        when="DataCapture",
    ),
    each(
        "endpoint.rollback",
        "have a deployment policy with rollback alarms, one on errors",
        ENDPOINT,
        rolls_back,
    ),
    each("endpoint.gradual", "shift traffic gradually", ENDPOINT, shifts_gradually, when="Strict"),
    each(
        "endpoint.keeps-scaling",
        "keep the instance count that scaling chose when it is updated",
        ENDPOINT,
        lambda endpoint, _: endpoint.get("RetainAllVariantProperties") is True,
    ),
)
