"""Whatever is not emulated is refused by service and operation, in every protocol."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

ROLE = "arn:aws:iam::123456789012:role/of-nobody"
PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p"
REFUSED = [
    # JSON, query, EC2, CBOR and REST protocols
    ("sagemaker", "create_cluster", {"ClusterName": "c"}),
    ("sagemaker", "start_pipeline_execution", {"PipelineName": "p", "ClientRequestToken": "t" * 32}),
    ("codebuild", "start_build_batch", {"projectName": "p"}),
    ("comprehend", "detect_sentiment", {"Text": "fine", "LanguageCode": "en"}),
    ("cloudformation", "detect_stack_drift", {"StackName": "s"}),
    ("ec2", "run_instances", {"MinCount": 1, "MaxCount": 1, "ImageId": "ami-1"}),
    ("cloudwatch", "put_metric_stream", {"Name": "s", "FirehoseArn": "arn:f", "RoleArn": ROLE, "OutputFormat": "json"}),
    ("eks", "create_cluster", {"name": "c", "roleArn": ROLE, "resourcesVpcConfig": {}}),
    (
        "lambda",
        "create_code_signing_config",
        {
            "AllowedPublishers": {
                "SigningProfileVersionArns": ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/p"]
            }
        },
    ),
    ("s3", "rename_object", {"Bucket": "bucket", "Key": "b", "RenameSource": "bucket/a"}),
    ("s3", "get_object_torrent", {"Bucket": "bucket", "Key": "b"}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), REFUSED, ids=[f"{s}-{o}" for s, o, _ in REFUSED])
def test_an_operation_that_is_not_emulated(local_cloud, service, operation, parameters):
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    client = boto3.client(service, config=config)
    name = client.meta.method_to_api_mapping[operation]
    signing = client.meta.service_model.signing_name
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**parameters)
    assert caught.value.response["Error"]["Message"] == f"localcloud does not emulate {signing}:{name}"


def test_a_refused_write_leaves_the_object_alone(local_cloud):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="untouched")
    s3.put_object(Bucket="untouched", Key="k", Body=b"original")
    with pytest.raises(ClientError, match="s3:RenameObject"):
        s3.rename_object(Bucket="untouched", Key="k", RenameSource="untouched/a")
    assert s3.get_object(Bucket="untouched", Key="k")["Body"].read() == b"original"


def test_an_error_page_stored_as_an_object_is_not_taken_for_a_refusal(local_cloud):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="pages")
    page = b"<!doctype html><title>404 Not Found</title>"
    s3.put_object(Bucket="pages", Key="404.html", Body=page)
    assert s3.get_object(Bucket="pages", Key="404.html")["Body"].read() == page
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="pages", Key="other.html")
