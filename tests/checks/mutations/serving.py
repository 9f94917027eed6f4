"""Model, endpoint and Studio."""

from __future__ import annotations

from tests.checks.mutations.mutant import Mutant, breaks, drop, put

MODEL, CONFIG, ENDPOINT = "AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint"
put("model.isolated", MODEL, False, "EnableNetworkIsolation")
drop("model.network", MODEL, "VpcConfig")
put("model.image", MODEL, "docker.io/library/python:3.12", "PrimaryContainer", "Image")
drop("endpoint.key", CONFIG, "KmsKeyId")
put("endpoint.scaling", "AWS::ApplicationAutoScaling::ScalableTarget", 1, "MinCapacity")
drop("endpoint.rollback", ENDPOINT, "DeploymentConfig", "AutoRollbackConfiguration")
put("endpoint.rollback", ENDPOINT, [], "DeploymentConfig", "AutoRollbackConfiguration", "Alarms")
put(
    "endpoint.rollback",
    ENDPOINT,
    [{"AlarmName": "somebody-elses"}],
    "DeploymentConfig",
    "AutoRollbackConfiguration",
    "Alarms",
)
put(
    "endpoint.gradual",
    ENDPOINT,
    {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
    "DeploymentConfig",
    "BlueGreenUpdatePolicy",
    "TrafficRoutingConfiguration",
)
drop("endpoint.keeps-scaling", ENDPOINT, "RetainAllVariantProperties")


@breaks("endpoint.instances")
def one_instance(mutant: Mutant) -> None:
    mutant.properties(CONFIG)["ProductionVariants"][0]["InitialInstanceCount"] = 1


@breaks("model.after-policy")
def model_before_policy(mutant: Mutant) -> None:
    mutant.first(MODEL)["DependsOn"] = []


DOMAIN = "AWS::SageMaker::Domain"
put("domain.vpc-only", DOMAIN, "PublicInternetOnly", "AppNetworkAccessType")
drop("domain.key", DOMAIN, "KmsKeyId")
drop("domain.idle", DOMAIN, "DefaultUserSettings", "CodeEditorAppSettings")
drop("domain.no-file-system", DOMAIN, "HomeEfsFileSystemCreation")


@breaks("domain.spaces")
def what_deletes_spaces(mutant: Mutant) -> None:
    mutant.first("Custom::NetworkLeftovers")["Type"] = "Custom::StudioApps"
