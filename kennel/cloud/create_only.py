"""Which properties make CloudFormation replace a resource, for a diff that may only read templates.

Source: `createOnlyProperties` and `conditionalCreateOnlyProperties` of each type's schema in AWS's CloudFormation
registry, of which cfn-lint, a tool for development only, has a copy; a test compares the rows with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CREATE_ONLY: dict[str, str] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "ResourceId ScalableDimension ServiceNamespace",
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        "PolicyName ResourceId ScalableDimension ScalingTargetId ServiceNamespace"
    ),
    "AWS::Budgets::Budget": "Budget.BudgetName NotificationsWithSubscribers",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::EC2::FlowLog": (
        "DeliverCrossAccountRole DeliverLogsPermissionArn DestinationOptions LogDestination LogDestinationType "
        "LogFormat LogGroupName MaxAggregationInterval ResourceId ResourceType TagFieldSpecifications TrafficType"
    ),
    "AWS::EC2::RouteTable": "VpcId",
    "AWS::EC2::SecurityGroup": "GroupDescription GroupName VpcId",
    "AWS::EC2::SecurityGroupEgress": (
        "CidrIp CidrIpv6 DestinationPrefixListId DestinationSecurityGroupId FromPort GroupId IpProtocol ToPort"
    ),
    "AWS::EC2::SecurityGroupIngress": (
        "CidrIp CidrIpv6 FromPort GroupId GroupName IpProtocol SourcePrefixListId SourceSecurityGroupId "
        "SourceSecurityGroupName SourceSecurityGroupOwnerId ToPort"
    ),
    "AWS::EC2::Subnet": (
        "AvailabilityZone AvailabilityZoneId CidrBlock Ipv4IpamPoolId Ipv4NetmaskLength Ipv6CidrBlock "
        "Ipv6IpamPoolId Ipv6Native Ipv6NetmaskLength OutpostArn VpcId"
    ),
    "AWS::EC2::SubnetRouteTableAssociation": "RouteTableId SubnetId",
    "AWS::EC2::VPC": "CidrBlock InstanceTenancy Ipv4IpamPoolId Ipv4NetmaskLength VpcEncryptionControl",
    "AWS::EC2::VPCEndpoint": (
        "DnsOptions.PrivateDnsPreference DnsOptions.PrivateDnsSpecifiedDomains ResourceConfigurationArn "
        "ServiceName ServiceNetworkArn ServiceRegion VpcEndpointType VpcId"
    ),
    "AWS::ECR::Repository": (
        "EncryptionConfiguration EncryptionConfiguration.EncryptionType EncryptionConfiguration.KmsKey RepositoryName"
    ),
    "AWS::EFS::FileSystem": "AvailabilityZoneName Encrypted KmsKeyId PerformanceMode",
    "AWS::Events::Rule": "EventBusName Name",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "Path RoleName",
    "AWS::KMS::Key": "",
    "AWS::Lambda::EventInvokeConfig": "FunctionName Qualifier",
    "AWS::Lambda::Function": "DurableConfig FunctionName PackageType TenancyConfig",
    "AWS::Lambda::Permission": (
        "Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID "
        "SourceAccount SourceArn"
    ),
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName BucketNamePrefix BucketNamespace",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::Subscription": "Endpoint Protocol Region TopicArn",
    "AWS::SNS::Topic": "FifoTopic TopicName",
    "AWS::SNS::TopicPolicy": "",
    "AWS::SQS::Queue": "FifoQueue QueueName",
    "AWS::SQS::QueuePolicy": "",
    "AWS::SSM::Parameter": "Name",
    "AWS::SageMaker::Domain": (
        "AuthMode DomainName DomainSettings.RStudioServerProDomainSettings.DefaultResourceSpec KmsKeyId VpcId"
    ),
    "AWS::SageMaker::Endpoint": "EndpointName",
    "AWS::SageMaker::EndpointConfig": (
        "AsyncInferenceConfig DataCaptureConfig EnableNetworkIsolation EndpointConfigName ExecutionRoleArn "
        "ExplainerConfig KmsKeyId MetricsConfig ProductionVariants ShadowProductionVariants VpcConfig"
    ),
    "AWS::SageMaker::Model": (
        "Containers EnableNetworkIsolation ExecutionRoleArn InferenceExecutionConfig ModelName PrimaryContainer "
        "VpcConfig"
    ),
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupDescription ModelPackageGroupName",
    "AWS::SageMaker::UserProfile": (
        "DomainId SingleSignOnUserIdentifier SingleSignOnUserValue UserProfileName "
        "UserSettings.RStudioServerProAppSettings.AccessStatus UserSettings.RStudioServerProAppSettings.UserGroup"
    ),
    "AWS::StepFunctions::StateMachine": "StateMachineName StateMachineType",
}
"""Resource type -> `A.B` for each `/properties/A/B`; the types of our templates, and all that hold data."""


def changed(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Those that differ between two versions of a resource's properties. None: the type is not known here."""
    if kind not in CREATE_ONLY:
        return None
    return tuple(path for path in CREATE_ONLY[kind].split() if _at(before, path) != _at(after, path))


def _at(properties: Any, path: str) -> Any:
    """The value there; an intrinsic function on the way, which may stand for any value, as a whole."""
    for name in path.split("."):
        if not isinstance(properties, Mapping) or name not in properties:
            return properties if _is_function(properties) else None
        properties = properties[name]
    return properties


def _is_function(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))
