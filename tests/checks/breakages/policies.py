"""Resource policies, trusts and permissions that let somebody in."""

from __future__ import annotations

import functools
from typing import Any

from tests.checks.breakages.breakage import FOREIGN, OWN_ACCOUNT, STRANGER, Break, add, allow, both, one, put, ref
from tests.checks.mutations import Mutant

bucket = functools.partial(allow, "AWS::S3::BucketPolicy", "PolicyDocument")
key = functools.partial(allow, "AWS::KMS::Key", "KeyPolicy")
topic = functools.partial(allow, "AWS::SNS::TopicPolicy", "PolicyDocument")
queue = functools.partial(allow, "AWS::SQS::QueuePolicy", "PolicyDocument")
trust = functools.partial(allow, "AWS::IAM::Role", "AssumeRolePolicyDocument")
ALL = {"AWS": "*"}


def condition(operator: str, name: str, value: Any) -> dict[str, Any]:
    return {operator: {name: value}}


def not_principal(mutant: Mutant) -> None:
    statement = one(mutant, "AWS::S3::BucketPolicy", "Data")["PolicyDocument"]["Statement"]
    statement.append({"Effect": "Allow", "NotPrincipal": {"AWS": FOREIGN}, "Action": "s3:GetObject", "Resource": "*"})


def ecr(principal: Any, condition: Any = None) -> Break:
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["ecr:BatchGetImage"]}
    statement |= {"Condition": condition} if condition else {}
    return put("AWS::ECR::Repository", "RepositoryPolicyText", {"Version": "2012-10-17", "Statement": [statement]})


def permission(**properties: Any) -> Break:
    def change(mutant: Mutant) -> None:
        _, name = ref(mutant, "AWS::Lambda::Function")
        mutant.add(
            "AWS::Lambda::Permission", {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": name}, **properties}
        )

    return change


def trusted_by_a_role_of_ours(mutant: Mutant) -> None:
    stack, role = ref(mutant, "AWS::IAM::Role", "TrainingRole")
    target = mutant.templates[stack]["Resources"]
    name = next(
        item
        for item in target
        if item.startswith("FunctionsPublishModelRole") and target[item]["Type"] == "AWS::IAM::Role"
    )
    target[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": {"Fn::GetAtt": [role, "Arn"]}}, "Action": "sts:AssumeRole"}
    )


def logs_policy(principal: Any) -> Break:
    import json

    statement = {"Effect": "Allow", "Principal": principal, "Action": "logs:PutSubscriptionFilter", "Resource": "*"}
    return add("AWS::Logs::ResourcePolicy", PolicyName="x", PolicyDocument=json.dumps({"Statement": [statement]}))


def hidden_by_join(mutant: Mutant) -> None:
    document = one(mutant, "AWS::S3::BucketPolicy", "Data")["PolicyDocument"]
    name = {"Fn::Join": ["", ["arn:aws:iam::", "2109", "8765", "4321", ":root"]]}
    document["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "s3:GetObject", "Resource": "*"}
    )


def hidden_by_if(mutant: Mutant) -> None:
    document = one(mutant, "AWS::KMS::Key", "")["KeyPolicy"]
    principal = {"Fn::If": ["Never", OWN_ACCOUNT, STRANGER]}
    document["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:Decrypt", "Resource": "*"}
    )


def whole_statement_by_if(mutant: Mutant) -> None:
    document = one(mutant, "AWS::S3::BucketPolicy", "Artifacts")["PolicyDocument"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    document["Statement"].append({"Fn::If": ["Sometimes", {"Ref": "AWS::NoValue"}, statement]})


def hidden_by_parameter(mutant: Mutant) -> None:
    stack, _ = ref(mutant, "AWS::KMS::Key")
    mutant.templates[stack]["Parameters"]["Partner"] = {"Type": "String", "Default": STRANGER}
    key({"AWS": {"Ref": "Partner"}}, "kms:Decrypt")(mutant)


def hidden_by_sub(mutant: Mutant) -> None:
    key({"AWS": {"Fn::Sub": ["arn:aws:iam::${Who}:root", {"Who": STRANGER}]}}, "kms:Decrypt")(mutant)


def loosened(mutant: Mutant) -> None:
    for statement in one(mutant, "AWS::KMS::Key", "")["KeyPolicy"]["Statement"]:
        if statement["Principal"].get("Service") == "cloudwatch.amazonaws.com":
            statement["Condition"] = {"StringEqualsIfExists": {"aws:SourceAccount": OWN_ACCOUNT}}


def trust_conditions(change: Any) -> Break:
    def visit(mutant: Mutant) -> None:
        role = one(mutant, "AWS::IAM::Role", "TrainingRole")
        role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = change

    return visit


BREAKAGES: dict[str, Break] = {
    "a bucket for everybody": bucket("*", "s3:GetObject"),
    "a bucket for everybody with a browser": bucket(ALL, "s3:GetObject", condition("StringLike", "aws:UserAgent", "Mozilla*")),
    "a bucket for a web page": bucket("*", "s3:GetObject", condition("StringLike", "aws:Referer", "https://example.com/*")),
    "a bucket for everybody who uses TLS": bucket("*", "s3:GetObject", condition("Bool", "aws:SecureTransport", "true")),
    "a bucket for all addresses": bucket("*", "s3:GetObject", condition("IpAddress", "aws:SourceIp", "0.0.0.0/0")),
    "a bucket for one address outside": bucket("*", "s3:PutObject", condition("IpAddress", "aws:SourceIp", "203.0.113.7/32")),
    "a bucket until a date": bucket("*", "s3:GetObject", condition("DateLessThan", "aws:CurrentTime", "2099-01-01T00:00:00Z")),
    "a bucket for another account": bucket({"AWS": FOREIGN}, "s3:GetObject"),
    "a bucket for another account by number": bucket({"AWS": STRANGER}, "s3:PutObject"),
    "a bucket for another organization": bucket("*", "s3:GetObject", condition("StringEquals", "aws:PrincipalOrgID", "o-abc123")),
    "a bucket for every role of the account": bucket("*", "s3:GetObject", condition("StringEquals", "aws:PrincipalAccount", OWN_ACCOUNT)),
    "a bucket for all but one account": bucket("*", "s3:GetObject", condition("StringNotEquals", "aws:PrincipalAccount", "1" * 12)),
    "a bucket for whoever has no account": bucket("*", "s3:GetObject", condition("Null", "aws:PrincipalAccount", "true")),
    "a bucket if the account exists": bucket("*", "s3:GetObject", condition("StringEqualsIfExists", "aws:PrincipalAccount", OWN_ACCOUNT)),
    "a bucket for any account like one": bucket("*", "s3:GetObject", condition("StringLike", "aws:PrincipalAccount", "*")),
    "a bucket by ForAllValues": bucket("*", "s3:GetObject", condition("ForAllValues:StringEquals", "aws:PrincipalAccount", OWN_ACCOUNT)),
    "a bucket by the bucket's own account": bucket("*", "s3:GetObject", condition("StringEquals", "aws:ResourceAccount", OWN_ACCOUNT)),
    "a bucket by a variable": bucket("*", "s3:GetObject", condition("StringEquals", "aws:PrincipalAccount", "${aws:PrincipalAccount}")),
    "a bucket for all but a principal": not_principal,
    "a bucket for a service of another account": bucket({"Service": "cloudtrail.amazonaws.com"}, "s3:PutObject"),
    "a bucket for CloudFront of somebody": bucket({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject", condition("StringEquals", "AWS:SourceArn", f"arn:aws:cloudfront::{STRANGER}:distribution/E1")),
    "a bucket by a joined principal": hidden_by_join,
    "a bucket by a canonical user": bucket({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "s3:GetObject"),
    "a bucket policy by a condition": whole_statement_by_if,
    "a key for everybody": key({"AWS": "*"}, "kms:Decrypt"),
    "a key for everybody through S3": key({"AWS": "*"}, "kms:Decrypt", condition("StringEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com")),
    "a key by an encryption context": key({"AWS": "*"}, "kms:Decrypt", condition("StringLike", "kms:EncryptionContext:aws:s3:arn", "arn:aws:s3:::*")),
    "a key for another account": key({"AWS": f"arn:aws:iam::{STRANGER}:role/reader"}, "kms:*"),
    "a key for another account's grants": key({"AWS": FOREIGN}, "kms:CreateGrant", condition("Bool", "kms:GrantIsForAWSResource", True)),
    "a key by an Fn::If": hidden_by_if,
    "a key by a parameter": hidden_by_parameter,
    "a key by an Fn::Sub": hidden_by_sub,
    "a key if a source exists": loosened,
    "a key for the log groups of every account": key({"Service": "logs.us-east-1.amazonaws.com"}, "kms:Decrypt", condition("ArnLike", "kms:EncryptionContext:aws:logs:arn", "arn:aws:logs:*:*:*")),
    "a key for events, with everything": key({"Service": "events.amazonaws.com"}, "kms:*"),
    "a topic for everybody": topic({"AWS": "*"}, "sns:Publish"),
    "a topic to subscribe to": topic({"AWS": "*"}, "sns:Subscribe", condition("StringEquals", "SNS:Protocol", "email")),
    "a topic for S3 of anybody": topic({"Service": "s3.amazonaws.com"}, "sns:Publish", condition("ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:*")),
    "a topic for alarms of another account": topic({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish", condition("StringEquals", "aws:SourceAccount", STRANGER)),
    "a queue for everybody": queue("*", "sqs:*"),
    "a queue for rules of any account": queue({"Service": "events.amazonaws.com"}, "sqs:SendMessage", condition("ArnLike", "aws:SourceArn", "arn:aws:events:us-east-1:*:rule/*")),
    "a queue for another account": queue({"AWS": FOREIGN}, "sqs:ReceiveMessage"),
    "images for everybody": ecr("*"),
    "images for another account": ecr({"AWS": FOREIGN}),
    "images for Lambda of any account": ecr({"Service": "lambda.amazonaws.com"}),
    "images for an organization": ecr("*", condition("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-abc123/*")),
    "logs for everybody": logs_policy("*"),
    "logs for another account": logs_policy({"AWS": STRANGER}),
    "a function for everybody": permission(Principal="*"),
    "a function for another account": permission(Principal=STRANGER),
    "a function for S3 of anybody": permission(Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::somebody-elses-bucket"),
    "a function for events of anybody": permission(Principal="events.amazonaws.com"),
    "a function for an organization": permission(Principal="*", PrincipalOrgID="o-abc123"),
    "a function by a URL": both(add("AWS::Lambda::Url", AuthType="NONE"), permission(Principal="*", FunctionUrlAuthType="NONE", Action="lambda:InvokeFunctionUrl")),
    "a role for everybody": trust({"AWS": "*"}, "sts:AssumeRole"),
    "a role for another account with an external id": trust({"AWS": FOREIGN}, "sts:AssumeRole", condition("StringEquals", "sts:ExternalId", "x")),
    "a role for the whole account": trust({"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}, "sts:AssumeRole"),
    "a role for a role of ours": trusted_by_a_role_of_ours,
    "a role for GitHub": trust({"Federated": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"}}, "sts:AssumeRoleWithWebIdentity", condition("StringLike", "token.actions.githubusercontent.com:sub", "repo:*")),
    "a role for EC2": trust({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"),
    "a role for jobs of any account": trust_conditions({"StringLike": {"aws:SourceAccount": "*"}}),
    "a role for jobs whose account is not said": trust_conditions({"StringEqualsIfExists": {"aws:SourceAccount": OWN_ACCOUNT}}),
    "a role for jobs of all but one account": trust_conditions({"StringNotEquals": {"aws:SourceAccount": STRANGER}}),
}  # fmt: skip
