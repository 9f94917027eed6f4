"""The actions that roles of this platform may have, and which of them are bound to a context.

What is not here nobody has judged: an action that changes a policy, makes a credential, starts something elsewhere or
takes a safeguard away is not needed by a pipeline.
"""

from __future__ import annotations

import re

PERMITTED = frozenset(
    """
    cloudformation:DescribeStacks
    cloudwatch:GetMetricData cloudwatch:PutMetricData
    codebuild:BatchGetBuilds codebuild:StartBuild
    ec2:CreateNetworkInterface ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterface
    ec2:DeleteNetworkInterfacePermission ec2:DeleteSecurityGroup ec2:RevokeSecurityGroupEgress
    ec2:RevokeSecurityGroupIngress
    ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:CompleteLayerUpload ecr:GetAuthorizationToken
    ecr:GetDownloadUrlForLayer ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart
    events:PutRule events:PutTargets
    iam:PassRole
    kms:CreateGrant kms:Decrypt kms:Encrypt kms:GenerateDataKey kms:GenerateDataKey* kms:ReEncrypt*
    lambda:InvokeFunction
    logs:AssociateKmsKey logs:CreateLogDelivery logs:CreateLogGroup logs:CreateLogStream logs:DeleteLogDelivery
    logs:DeleteLogGroup logs:FilterLogEvents logs:GetLogDelivery logs:GetLogEvents logs:PutLogEvents
    logs:PutResourcePolicy logs:PutRetentionPolicy logs:UpdateLogDelivery
    pricing:GetProducts
    s3:AbortMultipartUpload s3:DeleteBucket s3:DeleteObject s3:DeleteObjectVersion s3:GetBucketAcl
    s3:GetBucketLocation s3:GetObject s3:GetObjectVersion s3:ListBucket s3:ListBucketMultipartUploads
    s3:ListBucketVersions s3:ListMultipartUploadParts s3:PutObject
    sagemaker:AddTags sagemaker:CreateApp sagemaker:CreateEndpointConfig sagemaker:CreateHyperParameterTuningJob
    sagemaker:CreateModelPackage sagemaker:CreateModelPackageGroup sagemaker:CreatePresignedDomainUrl
    sagemaker:CreateProcessingJob sagemaker:CreateSpace sagemaker:CreateTrainingJob sagemaker:DeleteApp
    sagemaker:DeleteEndpointConfig sagemaker:DeleteModelPackage sagemaker:DeleteModelPackageGroup
    sagemaker:DeleteSpace sagemaker:InvokeEndpoint sagemaker:StopHyperParameterTuningJob
    sagemaker:StopProcessingJob sagemaker:StopTrainingJob sagemaker:UpdateEndpoint sagemaker:UpdateModelPackage
    sagemaker:UpdateSpace
    sns:Publish sqs:SendMessage
    states:GetExecutionHistory states:StartExecution states:StopExecution
    xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords xray:PutTraceSegments
    """.lower().split()
)
READS = re.compile(
    r"(cloudformation|cloudwatch|codebuild|ec2|ecr|events|kms|logs|sagemaker|servicequotas|states|tag)"
    r":(describe|list)[a-z]*\*?"
)
"""Actions that only look at what exists, of the services that the platform uses."""

OF_JOBS = re.compile(
    r"s3:(getobject|getobjectversion|putobject|listbucket|abortmultipartupload|listmultipartuploadparts|getbucketlocation)"
    r"|kms:(decrypt|encrypt|generatedatakey\*?|reencrypt\*|describekey|creategrant)"
    r"|ecr:(getauthorizationtoken|batchchecklayeravailability|batchgetimage|getdownloadurlforlayer)"
    r"|ec2:(create|delete)networkinterface(permission)?|ec2:describe[a-z]+"
    r"|logs:(createloggroup|createlogstream|describe[a-z]+|putlogevents)"
    r"|cloudwatch:(putmetricdata|describealarms)"
)
"""What code from outside may do, such as training code and a model: data, images, logs and metrics."""

BOUND = {
    "iam:passrole": ("iam:PassedToService", "elsewhere.amazonaws.com"),
    "kms:creategrant": ("kms:GrantIsForAWSResource", "false"),
    "ec2:deletesecuritygroup": ("ec2:Vpc", "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-elsewhere"),
    "ec2:revokesecuritygroupegress": ("ec2:Vpc", "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-elsewhere"),
    "ec2:revokesecuritygroupingress": ("ec2:Vpc", "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-elsewhere"),
}
"""Action -> (condition key, a value of it with which a request must be refused, as it must be without the key)."""
HELD = {
    r"sagemaker:(update|create|delete)endpoint(config)?": {"publish_model"},
    r"sagemaker:(create|update)modelpackage": {"register_model"},
    r"sagemaker:create(training|processing|hyperparametertuning)job": {"states"},
    r"ecr:(putimage|(initiate|complete)layerupload|uploadlayerpart)": {"codebuild"},
    r"logs:(putresourcepolicy|(create|update|delete)logdelivery)": {"states"},
}
"""Pattern of an action -> the functions, or the services, whose roles alone may have it."""
METRICS = ("cloudwatch:PutMetricData", "cloudwatch:namespace", "Elsewhere")

WITHOUT_RESOURCE = frozenset(
    """
    cloudwatch:GetMetricData cloudwatch:PutMetricData
    ec2:CreateNetworkInterface ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterface
    ec2:DeleteNetworkInterfacePermission ec2:DescribeDhcpOptions ec2:DescribeNetworkInterfaces
    ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs
    ecr:GetAuthorizationToken
    logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies
    logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery
    pricing:GetProducts
    sagemaker:ListApps sagemaker:ListDomains sagemaker:ListModelPackageGroups sagemaker:ListModelPackages
    sagemaker:ListProcessingJobs sagemaker:ListSpaces sagemaker:ListTrainingJobs sagemaker:ListUserProfiles
    servicequotas:ListAWSDefaultServiceQuotas servicequotas:ListServiceQuotas
    xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords xray:PutTraceSegments
    """.lower().split()
)
"""The only actions that may have `Resource: *`: IAM has no resource for them, or it is named only at run time."""


def is_permitted(action: str) -> bool:
    """Whether an action or a pattern of actions is one that has been judged. Case does not count, as in IAM."""
    name = action.lower()
    return name in PERMITTED or READS.fullmatch(name) is not None
