"""What all stacks of the platform have in common: name, account and region, and the controls that they require."""

from __future__ import annotations

from typing import Any

from aws_cdk import Environment, Stack, Token
from constructs import Construct

from config import instances
from config.app import AppConfig
from config.platform import NetworkConfig

CONTROLS_METADATA = "Kennel::Controls"


class PlatformStack(Stack):
    """`<Project>-<Environment>-<role>`. `keep` protects a stack that contains data from deletion."""

    def __init__(self, scope: Construct, role: str, config: AppConfig, *, purpose: str, keep: bool = False) -> None:
        super().__init__(
            scope,
            f"{config.stack_prefix}-{role}",
            env=Environment(account=config.account, region=config.region),
            description=f"Kennel ({config.prefix}): {purpose}",
            termination_protection=keep and config.storage.retain,
        )
        self.add_metadata(CONTROLS_METADATA, expected_controls(config))

    def hand_on(self, *values: str) -> None:
        """Export `values` for the stacks that come later, whether or not one of them uses them today.

        Else the export would vanish when its last user leaves it out, and CloudFormation refuses to take away what
        a deployed stack still imports: the producer is updated first.
        """
        for value in values:
            if Token.is_unresolved(value):
                self.export_value(value)


def expected_controls(config: AppConfig) -> dict[str, Any]:
    """The controls that this environment requires; `python -m checks` checks the templates against them."""
    return {
        "Environment": config.environment,
        "Account": config.account or "",
        "Addresses": [] if config.topic else list(config.notify),
        "ImageAccounts": image_accounts(config),
        "Strict": config.strict,
        "Retain": config.storage.retain,
        "IsolatedTraining": config.pipeline.isolate,
        "IsolatedEndpoint": config.endpoint.isolate,
        "VpcOnlyStudio": config.studio.vpc_only,
        "InterfaceEndpoints": config.network.interface_endpoints,
        "ExistingNetwork": existing_network(config.network),
        "ExistingTopic": config.topic or "",
        "AuditTrail": config.monitoring.audit_trail or "",
        "Efa": any(instances.has_efa(name) for name in config.training.types),
        "DataCapture": config.endpoint.data_capture,
        "EndpointVolumeKey": not instances.has_local_storage(config.endpoint.instance_type),
        # A run may ask for several instances of a final training only where several are configured; a trial has one.
        "SeveralInstances": {
            "preparation": config.preparation.instance_count > 1,
            "training": config.training.instance_count > 1,
            "trial": False,
            "evaluation": config.evaluation.instance_count > 1,
        },
        "LocalDisks": {
            kind: instances.has_local_storage(getattr(config, kind).instance_type)
            for kind in ("preparation", "training", "evaluation")
        },
    }


def image_accounts(config: AppConfig) -> list[str]:
    """The accounts of the images that the project file gives."""
    given = (config.images.training_uri, config.images.jobs_uri, config.images.serving_uri)
    return sorted({uri.partition(".dkr.ecr.")[0] for uri in given if uri and ".dkr.ecr." in uri})


def existing_network(config: NetworkConfig) -> dict[str, Any]:
    """The ids that may stand in the templates where resources of ours would stand else; empty where there are none."""
    if config.vpc_id is None:
        return {}
    return {
        "VpcId": config.vpc_id,
        "SubnetIds": list(config.subnet_ids),
        "SecurityGroupIds": list(config.security_group_ids),
    }
