"""S3, KMS and IAM resources through CloudFormation: every property reaches the service."""

import json

from localcloud.cloudformation.existence import missing_resources

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def document(action):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def bucket(**properties):
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def full_bucket(days):
    return bucket(
        BucketName="all-properties",
        VersioningConfiguration={"Status": "Enabled"},
        BucketEncryption={
            "ServerSideEncryptionConfiguration": [
                {
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                    },
                    "BucketKeyEnabled": True,
                }
            ]
        },
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        ),
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        LoggingConfiguration={"DestinationBucketName": {"Ref": "Logs"}, "LogFilePrefix": "all/"},
        LifecycleConfiguration={
            "Rules": [
                {
                    "Id": "old",
                    "Status": "Enabled",
                    "Prefix": "runs/",
                    "ExpirationInDays": days,
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}],
                }
            ]
        },
        Tags=[{"Key": "team", "Value": "vision"}],
    )


def storage(days):
    tls_only = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    return {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {"EnableKeyRotation": True, "KeyPolicy": document("kms:*"), "Description": f"{days} days"},
        },
        "Alias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": "alias/all-properties", "TargetKeyId": {"Ref": "Key"}},
        },
        "Logs": bucket(),
        "Bucket": full_bucket(days),
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": tls_only},
        },
    }


def test_buckets_keep_every_property_and_updates_change_them(stacks, client):
    assert (
        stacks.create("storage", storage(30), Tags=[{"Key": "stack", "Value": "s"}])["StackStatus"] == "CREATE_COMPLETE"
    )
    s3, name = client("s3"), "all-properties"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    key = stacks.physical("storage", "Key")
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith(key)
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0] == {
        "ObjectOwnership": "BucketOwnerEnforced"
    }
    logging = s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]
    assert logging == {"TargetBucket": stacks.physical("storage", "Logs"), "TargetPrefix": "all/"}
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    assert tags == {"team": "vision", "stack": "s"}
    assert client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert _expiration(s3, name) == 30
    assert missing_resources(client, "storage") == []

    changed = storage(60)
    del changed["Bucket"]["Properties"]["PublicAccessBlockConfiguration"]
    assert stacks.update("storage", changed)["StackStatus"] == "UPDATE_COMPLETE"
    assert _expiration(s3, name) == 60
    assert client("kms").describe_key(KeyId=key)["KeyMetadata"]["Description"] == "60 days"
    assert stacks.physical("storage", "Key") == key
    assert "NoSuchPublicAccessBlock" in _code(lambda: s3.get_public_access_block(Bucket=name))

    assert stacks.delete("storage") == "DELETE_COMPLETE"
    assert client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert name not in [item["Name"] for item in s3.list_buckets()["Buckets"]]


def _expiration(s3, name):
    return s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"]["Days"]


def _code(call):
    try:
        call()
    except Exception as error:
        return error.response["Error"]["Code"]
    return "no error"


def test_a_bucket_policy_is_readable_and_not_enforced(stacks, client):
    stacks.create("policy", {**storage(30), "Bucket": bucket(BucketName="policed")})
    s3 = client("s3")
    s3.put_object(Bucket="policed", Key="k", Body=b"over plain HTTP, which the policy denies")
    assert s3.get_object(Bucket="policed", Key="k")["ContentLength"] == 40
    policy = json.loads(s3.get_bucket_policy(Bucket="policed")["Policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"


def test_a_bucket_that_exists_is_not_taken_over(stacks, client):
    client("s3").create_bucket(Bucket="somebody-elses")
    described = stacks.create("thief", {"Bucket": bucket(BucketName="somebody-elses")})
    assert described["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.reasons("thief", "Bucket") == ["somebody-elses already exists"]
    assert client("s3").head_bucket(Bucket="somebody-elses")


def test_access_logging_writes_nothing(stacks, client):
    stacks.create(
        "logging",
        {
            "Logs": bucket(BucketName="log-bucket"),
            "Bucket": bucket(BucketName="logged", LoggingConfiguration={"DestinationBucketName": {"Ref": "Logs"}}),
        },
    )
    client("s3").put_object(Bucket="logged", Key="k", Body=b"x")
    client("s3").delete_object(Bucket="logged", Key="k")
    assert client("s3").list_objects_v2(Bucket="log-bucket")["KeyCount"] == 0
    assert stacks.delete("logging") == "DELETE_COMPLETE"


def access(action, attached):
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "Description": action,
                "Policies": [{"PolicyName": "inline", "PolicyDocument": document(action)}],
                "ManagedPolicyArns": attached,
            },
        },
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": "put", "PolicyDocument": document(action), "Roles": [{"Ref": "Role"}]},
        },
        "Managed": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": document(action), "Roles": [{"Ref": "Role"}]},
        },
    }


def test_roles_have_their_policies_and_updates_replace_the_documents(stacks, client):
    aws_policy = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    assert stacks.create("access", access("s3:GetObject", [aws_policy]))["StackStatus"] == "CREATE_COMPLETE"
    iam, role = client("iam"), stacks.physical("access", "Role")
    assert _inline(iam, role) == {"inline": "s3:GetObject", "put": "s3:GetObject"}
    managed = stacks.physical("access", "Managed")
    assert _attached(iam, role) == {aws_policy, managed}
    assert missing_resources(client, "access") == []

    assert stacks.update("access", access("s3:PutObject", []))["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical("access", "Role") == role
    assert _inline(iam, role) == {"inline": "s3:PutObject", "put": "s3:PutObject"}
    assert _attached(iam, role) == {managed}
    version = iam.get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"]
    body = iam.get_policy_version(PolicyArn=managed, VersionId=version)["PolicyVersion"]["Document"]
    assert body["Statement"][0]["Action"] == "s3:PutObject"
    assert iam.get_role(RoleName=role)["Role"]["Description"] == "s3:PutObject"

    iam.delete_role_policy(RoleName=role, PolicyName="put")
    assert [item.logical_id for item in missing_resources(client, "access")] == ["Policy"]
    assert stacks.delete("access") == "DELETE_COMPLETE"
    assert role not in [item["RoleName"] for item in iam.list_roles()["Roles"]]


def _inline(iam, role):
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    return {name: body["Statement"][0]["Action"] for name, body in documents.items()}


def _attached(iam, role):
    return {item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
