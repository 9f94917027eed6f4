"""Roles that may do more than their work, and credentials that outlive it."""

from __future__ import annotations

from tests.checks.breakages.breakage import STRANGER, Break, add, both, grant, one, ref
from tests.checks.mutations import Mutant

OWN = "${AWS::AccountId}"


def arn(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


def artifacts(mutant: Mutant) -> str:
    stack, name = ref(mutant, "AWS::S3::Bucket", "Artifacts")
    return next(
        output["Export"]["Name"]
        for output in mutant.templates[stack]["Outputs"].values()
        if output["Value"] == {"Fn::GetAtt": [name, "Arn"]}
    )


def on_artifacts(action: object, path: str, to: str = "TrainingRole") -> Break:
    def change(mutant: Mutant) -> None:
        resource = {"Fn::Join": ["", [{"Fn::ImportValue": artifacts(mutant)}, path]]}
        grant(action, resource, to=to)(mutant)

    return change


def attached(policy: object) -> Break:
    def change(mutant: Mutant) -> None:
        one(mutant, "AWS::IAM::Role", "TrainingRole")["ManagedPolicyArns"] = [policy]

    return change


def inline(mutant: Mutant) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*"}]}
    one(mutant, "AWS::IAM::Role", "EvaluationRole")["Policies"] = [{"PolicyName": "more", "PolicyDocument": document}]


def evaluation_role_in_training(mutant: Mutant) -> None:
    def change(definition: dict[str, object]) -> None:
        text = mutant.properties("AWS::StepFunctions::StateMachine")["DefinitionSubstitutions"]
        text["TrainingRoleArn"] = text["EvaluationRoleArn"]

    mutant.edit_machine(change)


def loose_pass_role(operator: str, value: object) -> Break:
    def change(mutant: Mutant) -> None:
        for statement in mutant.policies():
            if statement["Action"] == "iam:PassRole":
                statement["Condition"] = {operator: {"iam:PassedToService": value}}

    return change


def loose_namespace(mutant: Mutant) -> None:
    for statement in mutant.policies():
        if statement["Action"] == "cloudwatch:PutMetricData":
            statement["Condition"] = {"StringLike": {"cloudwatch:namespace": "*"}}


def a_grant_for_anybody(mutant: Mutant) -> None:
    for statement in mutant.policies():
        if statement["Action"] == "kms:CreateGrant":
            del statement["Condition"]


BREAKAGES: dict[str, Break] = {
    "a user": add("AWS::IAM::User"),
    "a user with an access key": both(lambda m: m.templates[next(iter(m.templates))]["Resources"].update(Who={"Type": "AWS::IAM::User"}), add("AWS::IAM::AccessKey", UserName={"Ref": "Who"})),
    "a group": add("AWS::IAM::Group"),
    "an instance profile": add("AWS::IAM::InstanceProfile", Roles=["x"]),
    "an identity provider": add("AWS::IAM::OIDCProvider", Url="https://idp.example.com", ClientIdList=["x"]),
    "everything": grant("*", "*"),
    "a service": grant("s3:*", arn("arn:aws:s3:::${AWS::AccountId}")),
    "actions by a pattern": grant("s3:*et*", "*"),
    "an action in capitals": grant("S3:GETOBJECT*", "arn:aws:s3:::*"),
    "an action by question marks": grant("iam:Create?ser", "*"),
    "all resources by two stars": grant("s3:GetObject", "**"),
    "all resources by a pattern": grant("s3:GetObject", "arn:aws:s3:::*/*"),
    "all keys": grant("kms:Decrypt", arn("arn:aws:kms:us-east-1:${AWS::AccountId}:key/*")),
    "keys of another account": grant("kms:Encrypt", f"arn:aws:kms:us-east-1:{STRANGER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "all but some actions": grant(None, "*", NotAction="iam:*"),
    "all but some resources": grant("s3:GetObject", None, NotResource="arn:aws:s3:::secret/*"),
    "a bucket elsewhere to write to": grant("s3:PutObject", "arn:aws:s3:::somebody-elses-bucket/*"),
    "any role to pass": grant("iam:PassRole", "*", condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
    "any role to pass, by a pattern": grant("iam:Pass*", arn("arn:aws:iam::${AWS::AccountId}:role/*")),
    "a role to pass to anything": loose_pass_role("StringLike", "*"),
    "a role to pass if there is a service": loose_pass_role("StringEqualsIfExists", "sagemaker.amazonaws.com"),
    "a role to pass to all but one": loose_pass_role("StringNotEquals", "ec2.amazonaws.com"),
    "any role to assume": grant("sts:AssumeRole", "*"),
    "a role elsewhere to assume": grant("sts:AssumeRole", f"arn:aws:iam::{STRANGER}:role/exfiltrate"),
    "policies to write": grant("iam:PutRolePolicy", arn("arn:aws:iam::${AWS::AccountId}:role/x")),
    "access keys to make": inline,
    "keys to delete": grant(["kms:ScheduleKeyDeletion", "kms:DisableKey"], "*"),
    "key policies to write": grant("kms:PutKeyPolicy", arn("arn:aws:kms:us-east-1:${AWS::AccountId}:key/x")),
    "grants for anybody": a_grant_for_anybody,
    "bucket policies to write": on_artifacts("s3:PutBucketPolicy", ""),
    "replication to set up": on_artifacts("s3:PutReplicationConfiguration", ""),
    "functions to change": grant("lambda:UpdateFunctionCode", arn("arn:aws:lambda:us-east-1:${AWS::AccountId}:function:x")),
    "functions to invoke": grant("lambda:InvokeFunction", arn("arn:aws:lambda:us-east-1:${AWS::AccountId}:function:*")),
    "metrics in every namespace": loose_namespace,
    "secrets to read": grant("secretsmanager:GetSecretValue", "*"),
    "parameters to read": grant("ssm:GetParameter*", arn("arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/*")),
    "presigned notebooks": grant("sagemaker:CreatePresignedNotebookInstanceUrl", "*", to="StudioRole"),
    "presigned domains": grant("sagemaker:CreatePresignedDomainUrl", "*", to="StudioRole"),
    "instances to run": grant("ec2:RunInstances", "*"),
    "snapshots to share": grant("ec2:ModifySnapshotAttribute", "*"),
    "logs to send on": grant("logs:PutSubscriptionFilter", "*", to="PipelineRole"),
    "trails to stop": grant("cloudtrail:StopLogging", "*", to="PipelineRole"),
    "alarms to switch off": grant("cloudwatch:DisableAlarmActions", "*", to="PipelineRole"),
    "an endpoint to change, for training": grant("sagemaker:UpdateEndpoint", arn("arn:aws:sagemaker:us-east-1:${AWS::AccountId}:endpoint/kennel-prod")),
    "a topic to subscribe to": grant("sns:Subscribe", arn("arn:aws:sns:us-east-1:${AWS::AccountId}:x"), to="FunctionsPlanRunRole"),
    "images to push, for training": grant("ecr:PutImage", arn("arn:aws:ecr:us-east-1:${AWS::AccountId}:repository/kennel-prod/serving")),
    "AWS's administrator": attached("arn:aws:iam::aws:policy/AdministratorAccess"),
    "AWS's read access": attached("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
    "AWS's power user": attached({"Fn::Join": ["", ["arn:aws:iam::aws:policy/", "PowerUserAccess"]]}),
    "the test split": on_artifacts("s3:GetObject", "/prepared/*/test/*"),
    "the test split by a pattern": on_artifacts("s3:Get*", "/prepared/*/te*"),
    "the test split with all of prepared": on_artifacts("s3:GetObject", "/prepared/*"),
    "the test split by a question mark": on_artifacts("s3:getobject", "/prepared/????????????????/?est/*"),
    "the whole bucket": on_artifacts(["s3:GetObject"], "/*"),
    "evaluation's role for training": evaluation_role_in_training,
    "aliases to write, for training": on_artifacts("s3:PutObject", "/aliases/*"),
    "models to write, for evaluation": on_artifacts("s3:PutObject", "/models/*", to="EvaluationRole"),
    "aliases to write, for the plan": on_artifacts("s3:put*", "/a*", to="FunctionsPlanRunRole"),
    "staged to write, for the machine": on_artifacts("s3:PutObject", "/staged/*", to="PipelineRole"),
    "models to delete": on_artifacts("s3:DeleteObject*", "/models/*", to="FunctionsQualityGateRole"),
}  # fmt: skip
