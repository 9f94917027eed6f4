"""The SageMaker domain: Studio in the private network, without a file system that outlives it."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config.platform import StudioConfig
from stacks.constructs.acknowledgements import NIST, acknowledge, acknowledge_wildcard
from stacks.constructs.key import PlatformKey
from stacks.constructs.network import Placement
from stacks.constructs.roles import ServiceRole

USE_SPACES = (
    "sagemaker:AddTags",
    "sagemaker:CreateApp",
    "sagemaker:CreatePresignedDomainUrl",
    "sagemaker:CreateSpace",
    "sagemaker:DeleteApp",
    "sagemaker:DeleteSpace",
    "sagemaker:DescribeApp",
    "sagemaker:DescribeSpace",
    "sagemaker:DescribeUserProfile",
    "sagemaker:UpdateSpace",
)
FIND_SPACES = (
    "sagemaker:ListApps",
    "sagemaker:ListDomains",
    "sagemaker:ListSpaces",
    "sagemaker:ListUserProfiles",
)


class StudioDomain(Construct):
    """One domain and one profile per configured user. `role` is the execution role of notebooks."""

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
        self._allow_apps()
        self.profiles = [
            sagemaker.CfnUserProfile(
                self, f"Profile-{profile}", domain_id=self.domain.attr_domain_id, user_profile_name=profile
            )
            for profile in config.user_profiles
        ]

    def _allow_apps(self) -> None:
        """Let people open their spaces. A separate policy, because the domain depends on the role's own one."""
        stack = Stack.of(self)
        domain = self.domain.attr_domain_id

        def arn(kind: str, suffix: str = "/*") -> str:
            return stack.format_arn(service="sagemaker", resource=kind, resource_name=f"{domain}{suffix}")

        own = [arn("app"), arn("space"), arn("user-profile")]
        policy = iam.Policy(
            self,
            "Apps",
            roles=[self.role],
            statements=[
                iam.PolicyStatement(actions=list(USE_SPACES), resources=own),
                iam.PolicyStatement(actions=["sagemaker:DescribeDomain"], resources=[arn("domain", "")]),
                iam.PolicyStatement(actions=list(FIND_SPACES), resources=["*"]),
            ],
        )
        acknowledge(policy, f"{NIST}-IAMNoInlinePolicy", "the policy belongs to this role only and is deleted with it")
        acknowledge(
            policy, "AwsSolutions-IAM5[Resource::*]", f"{', '.join(FIND_SPACES)} cannot be restricted to a resource"
        )
        for resource in own:
            acknowledge_wildcard(policy, resource, "people name their own spaces in the domain")
