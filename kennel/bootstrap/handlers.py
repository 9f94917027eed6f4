"""Which IAM actions CloudFormation needs for each resource type of our templates, and on which resources.

Source: `handlers` of each type's schema in AWS's CloudFormation registry, of which cfn-lint has a copy; a test compares
the rows with that copy, and says for each action that is left out which property would need it. Further actions have
their source in a comment. What AWS's own handlers call beyond their schemas only an account can show.
"""

from __future__ import annotations

from kennel.bootstrap.calls import TAGS, Calls, calls, everywhere, linked_role
from kennel.bootstrap.network_handlers import NETWORK

# A key has a random id, and a condition on its tags would hold only minutes after its creation.
_KEY = "kms:{here}:key/*"
_GRANT = Calls("kms", "CreateGrant", (_KEY,), ("Bool", "kms:GrantIsForAWSResource", ("true",)))
_SAGEMAKER_TAGS = "AddTags DeleteTags ListTags"
_ALARM = "cloudwatch:{here}:alarm:{Alarm}"
_FUNCTION = "lambda:{here}:function:{Function}"
_GROUPS = ("logs:{here}:log-group:{LogGroup}", "logs:{here}:log-group:{LogGroup}:*")
_ROLE = "iam::{account}:role/{Role}"
_IMAGES = ("sagemaker:{here}:image/*", "sagemaker:{here}:image-version/*")
_TARGET = "application-autoscaling:{here}:scalable-target/*"
_TOPIC = "sns:{here}:{Topic}"
_QUEUE = "sqs:{here}:{Queue}"

HANDLERS: dict[str, tuple[Calls, ...]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        calls("application-autoscaling", f"RegisterScalableTarget DeregisterScalableTarget {TAGS}", _TARGET),
        everywhere("application-autoscaling", "DescribeScalableTargets DescribeScheduledActions"),
        # Application Auto Scaling's user guide: whoever scales needs these of the alarms and of the target service.
        calls("cloudwatch", "PutMetricAlarm DeleteAlarms", "cloudwatch:{here}:alarm:TargetTracking-*"),
        everywhere("cloudwatch", "DescribeAlarms"),
        calls("sagemaker", "UpdateEndpointWeightsAndCapacities", "sagemaker:{here}:endpoint/{Endpoint}"),
        linked_role(
            "sagemaker.application-autoscaling.amazonaws.com",
            "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
        ),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        calls("application-autoscaling", "PutScalingPolicy DeleteScalingPolicy", _TARGET),
        everywhere("application-autoscaling", "DescribeScalingPolicies"),
        everywhere("cloudwatch", "GetMetricData"),
    ),
    "AWS::Budgets::Budget": (
        calls("budgets", f"ModifyBudget ViewBudget {TAGS}", "budgets::{account}:budget/{Budget}"),
        calls("billing", "GetBillingViewData", "billing::{account}:billingview/*"),
    ),
    "AWS::CloudWatch::Alarm": (
        calls("cloudwatch", f"PutMetricAlarm DeleteAlarms {TAGS}", _ALARM),
        everywhere("cloudwatch", "DescribeAlarms"),
    ),
    "AWS::CloudWatch::CompositeAlarm": (
        calls("cloudwatch", f"PutCompositeAlarm DeleteAlarms {TAGS}", _ALARM),
        everywhere("cloudwatch", "DescribeAlarms"),
    ),
    "AWS::CloudWatch::Dashboard": (
        calls(
            "cloudwatch",
            f"PutDashboard GetDashboard DeleteDashboards {TAGS}",
            "cloudwatch::{account}:dashboard/{Dashboard}",
        ),
    ),
    # Its schema names no handlers: these are CodeBuild's own operations on a project.
    "AWS::CodeBuild::Project": (
        calls(
            "codebuild",
            "CreateProject UpdateProject DeleteProject BatchGetProjects",
            "codebuild:{here}:project/{Project}",
        ),
    ),
    **NETWORK,
    "AWS::ECR::Repository": (
        calls(
            "ecr",
            "CreateRepository DeleteRepository DescribeRepositories PutLifecyclePolicy GetLifecyclePolicy "
            "DeleteLifecyclePolicy GetRepositoryPolicy PutImageScanningConfiguration PutImageTagMutability "
            f"{TAGS}",
            "ecr:{here}:repository/{Repository}",
        ),
        calls("kms", "DescribeKey RetireGrant", _KEY),
        _GRANT,
    ),
    "AWS::Events::Rule": (
        calls(
            "events",
            f"PutRule DescribeRule DeleteRule PutTargets RemoveTargets ListTargetsByRule {TAGS}",
            "events:{here}:rule/{Rule}",
        ),
    ),
    "AWS::IAM::Policy": (calls("iam", "PutRolePolicy GetRolePolicy DeleteRolePolicy", _ROLE),),
    "AWS::IAM::Role": (
        calls(
            "iam",
            "CreateRole GetRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole "
            "PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies "
            "PutRolePermissionsBoundary",
            _ROLE,
        ),
    ),
    "AWS::KMS::Key": (
        everywhere("kms", "CreateKey"),
        calls(
            "kms",
            "DescribeKey GetKeyPolicy PutKeyPolicy GetKeyRotationStatus EnableKeyRotation DisableKeyRotation EnableKey "
            "DisableKey UpdateKeyDescription ScheduleKeyDeletion ListResourceTags TagResource UntagResource",
            _KEY,
        ),
    ),
    "AWS::Lambda::EventInvokeConfig": (
        calls(
            "lambda",
            "PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig GetFunctionEventInvokeConfig "
            "DeleteFunctionEventInvokeConfig",
            _FUNCTION,
        ),
    ),
    "AWS::Lambda::Function": (
        calls(
            "lambda",
            "CreateFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration DeleteFunction "
            "GetFunctionCodeSigningConfig GetFunctionRecursionConfig GetFunctionScalingConfig "
            "GetRuntimeManagementConfig TagResource UntagResource",
            _FUNCTION,
        ),
        calls("kms", "DescribeKey Decrypt Encrypt GenerateDataKey", _KEY),
        _GRANT,
    ),
    "AWS::Lambda::Permission": (calls("lambda", "AddPermission RemovePermission GetPolicy", _FUNCTION),),
    "AWS::Logs::LogGroup": (
        calls(
            "logs",
            "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey "
            f"GetDataProtectionPolicy DeleteDataProtectionPolicy {TAGS}",
            *_GROUPS,
        ),
        everywhere("logs", "DescribeLogGroups DescribeIndexPolicies DescribeResourcePolicies"),
    ),
    "AWS::Logs::MetricFilter": (calls("logs", "PutMetricFilter DescribeMetricFilters DeleteMetricFilter", *_GROUPS),),
    "AWS::S3::Bucket": (
        calls(
            "s3",
            "CreateBucket DeleteBucket ListBucket GetBucketAcl PutBucketTagging GetBucketTagging "
            "PutEncryptionConfiguration GetEncryptionConfiguration PutLifecycleConfiguration "
            "GetLifecycleConfiguration PutBucketPublicAccessBlock GetBucketPublicAccessBlock PutBucketLogging "
            "GetBucketLogging PutBucketVersioning GetBucketVersioning PutBucketOwnershipControls "
            "GetBucketOwnershipControls GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketCORS "
            "GetInventoryConfiguration GetMetricsConfiguration GetBucketNotification GetReplicationConfiguration "
            "GetBucketWebsite GetBucketObjectLockConfiguration GetBucketAbac GetIntelligentTieringConfiguration "
            "GetBucketMetadataTableConfiguration "
            f"{TAGS}",
            "s3:::{Bucket}",
        ),
    ),
    "AWS::S3::BucketPolicy": (calls("s3", "GetBucketPolicy PutBucketPolicy DeleteBucketPolicy", "s3:::{Bucket}"),),
    "AWS::SNS::Subscription": (
        calls("sns", "Subscribe Unsubscribe GetSubscriptionAttributes SetSubscriptionAttributes", _TOPIC),
    ),
    "AWS::SNS::Topic": (
        calls(
            "sns",
            "CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes ListSubscriptionsByTopic "
            f"GetDataProtectionPolicy {TAGS}",
            _TOPIC,
        ),
    ),
    "AWS::SNS::TopicPolicy": (calls("sns", "SetTopicAttributes", _TOPIC),),
    "AWS::SQS::Queue": (
        calls(
            "sqs",
            "CreateQueue DeleteQueue GetQueueUrl GetQueueAttributes SetQueueAttributes ListQueueTags "
            "TagQueue UntagQueue",
            _QUEUE,
        ),
    ),
    "AWS::SQS::QueuePolicy": (calls("sqs", "SetQueueAttributes", _QUEUE),),
    "AWS::SSM::Parameter": (
        calls(
            "ssm",
            "PutParameter GetParameters DeleteParameter AddTagsToResource RemoveTagsFromResource ListTagsForResource",
            "ssm:{here}:parameter/{Parameter}",
        ),
    ),
    "AWS::SageMaker::Domain": (
        calls(
            "sagemaker",
            f"CreateDomain DescribeDomain UpdateDomain DeleteDomain {_SAGEMAKER_TAGS}",
            "sagemaker:{here}:domain/*",
        ),
        linked_role("sagemaker.amazonaws.com", "AWSServiceRoleForAmazonSageMakerNotebooks"),
        calls(
            "sagemaker", "DescribeApp DescribeUserProfile", "sagemaker:{here}:app/*", "sagemaker:{here}:user-profile/*"
        ),
        calls("sagemaker", "DescribeImage DescribeImageVersion", *_IMAGES),
        calls("kms", "DescribeKey Decrypt GenerateDataKeyWithoutPlaintext", _KEY),
        _GRANT,
    ),
    "AWS::SageMaker::Endpoint": (
        calls(
            "sagemaker",
            "CreateEndpoint UpdateEndpoint",
            "sagemaker:{here}:endpoint/{Endpoint}",
            "sagemaker:{here}:endpoint-config/{EndpointConfig}",
        ),
        calls(
            "sagemaker", f"DescribeEndpoint DeleteEndpoint {_SAGEMAKER_TAGS}", "sagemaker:{here}:endpoint/{Endpoint}"
        ),
        # SageMaker's API permissions reference: whoever makes an endpoint grants it the key of its volumes, and
        # its rollback reads the alarms with the permissions of the caller.
        _GRANT,
        everywhere("cloudwatch", "DescribeAlarms"),
    ),
    "AWS::SageMaker::EndpointConfig": (
        calls(
            "sagemaker",
            f"CreateEndpointConfig DescribeEndpointConfig DeleteEndpointConfig {_SAGEMAKER_TAGS}",
            "sagemaker:{here}:endpoint-config/{EndpointConfig}",
        ),
        calls("kms", "DescribeKey", _KEY),
    ),
    "AWS::SageMaker::Model": (
        calls(
            "sagemaker", f"CreateModel DescribeModel DeleteModel {_SAGEMAKER_TAGS}", "sagemaker:{here}:model/{Model}"
        ),
    ),
    "AWS::SageMaker::UserProfile": (
        calls(
            "sagemaker",
            f"CreateUserProfile DescribeUserProfile UpdateUserProfile DeleteUserProfile {_SAGEMAKER_TAGS}",
            "sagemaker:{here}:user-profile/*",
        ),
        calls("sagemaker", "DescribeImage DescribeImageVersion", *_IMAGES),
    ),
    "AWS::StepFunctions::StateMachine": (
        calls(
            "states",
            f"CreateStateMachine DescribeStateMachine UpdateStateMachine DeleteStateMachine {TAGS}",
            "states:{here}:stateMachine:{StateMachine}",
        ),
    ),
    # CloudFormation's user guide: it invokes the function of a custom resource itself.
    "Custom": (calls("lambda", "InvokeFunction", _FUNCTION),),
}
"""Resource type -> what its handlers call; every type of a custom resource is `Custom`."""
