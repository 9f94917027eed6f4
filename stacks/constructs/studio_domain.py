"""The SageMaker domain: Studio for people, inside the private network, without a file system left behind."""

from __future__ import annotations

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config.platform import StudioConfig
from stacks.constructs.key import PlatformKey
from stacks.constructs.network import Placement
from stacks.constructs.roles import ServiceRole


class StudioDomain(Construct):
    """One domain and a profile per configured person. `role` is what a notebook may do."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        config: StudioConfig,
        name: str,
        key: PlatformKey,
        vpc_id: str,
        placement: Placement,
    ) -> None:
        super().__init__(scope, id)
        self.role = ServiceRole(self, "Role", service="sagemaker", description="What a notebook in Studio may do")
        key.allow_volumes(self.role)
        idle = {
            "idleSettings": {
                "lifecycleManagement": "ENABLED",
                "idleTimeoutInMinutes": config.idle_timeout_minutes,
                "maxIdleTimeoutInMinutes": max(config.idle_timeout_minutes, 525600),
                "minIdleTimeoutInMinutes": 60,
            }
        }
        self.domain = sagemaker.CfnDomain(
            self,
            "Domain",
            domain_name=name,
            auth_mode="IAM",
            app_network_access_type="VpcOnly" if config.vpc_only else "PublicInternetOnly",
            vpc_id=vpc_id,
            subnet_ids=list(placement.subnets),
            kms_key_id=key.key_id,
            # A domain's own file system outlives it and keeps the network from being deleted.
            home_efs_file_system_creation="Disabled",
            default_user_settings={
                "executionRole": self.role.role_arn,
                "securityGroups": list(placement.security_groups),
                "studioWebPortal": "ENABLED",
                "defaultLandingUri": "studio::",
                "autoMountHomeEfs": "Disabled",
                "jupyterLabAppSettings": {"appLifecycleManagement": idle},
                "codeEditorAppSettings": {"appLifecycleManagement": idle},
            },
        )
        self.domain.node.add_dependency(self.role)
        for profile in config.user_profiles:
            sagemaker.CfnUserProfile(
                self, f"Profile-{profile}", domain_id=self.domain.attr_domain_id, user_profile_name=profile
            )
