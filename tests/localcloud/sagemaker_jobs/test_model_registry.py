"""The model registry: versions, approval, metadata."""

import pytest
from botocore.exceptions import ClientError

SPECIFICATION = {
    "Containers": [{"Image": "registry/serving:1", "ModelDataUrl": "s3://b/model.tar.gz"}],
    "SupportedContentTypes": ["image/jpeg"],
    "SupportedResponseMIMETypes": ["application/json"],
}


def test_versions_of_a_group_are_approved_and_described_as_registered(sagemaker):
    group = sagemaker.create_model_package_group(ModelPackageGroupName="breeds", ModelPackageGroupDescription="dogs")
    metrics = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/evaluation.json"}}}
    created = [
        sagemaker.create_model_package(
            ModelPackageGroupName=group_name,
            InferenceSpecification=SPECIFICATION,
            ModelMetrics=metrics,
            CustomerMetadataProperties={"model": "dog-breed-classifier", "execution": "e1"},
            Tags=[{"Key": "team", "Value": "kennel"}],
        )["ModelPackageArn"]
        for group_name in ("breeds", group["ModelPackageGroupArn"])
    ]
    assert [arn.rpartition("/")[2] for arn in created] == ["1", "2"]
    package = sagemaker.describe_model_package(ModelPackageName=created[1])
    assert package["ModelPackageVersion"] == 2
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["InferenceSpecification"] == SPECIFICATION
    assert package["ModelMetrics"] == metrics
    assert "LastModifiedTime" not in package
    assert sagemaker.list_tags(ResourceArn=created[0])["Tags"] == [{"Key": "team", "Value": "kennel"}]

    sagemaker.update_model_package(
        ModelPackageArn=created[1],
        ModelApprovalStatus="Approved",
        ApprovalDescription="passed the gate",
        CustomerMetadataProperties={"by": "gate"},
        CustomerMetadataPropertiesToRemove=["execution"],
    )
    package = sagemaker.describe_model_package(ModelPackageName=created[1])
    assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == ("Approved", "passed the gate")
    assert package["CustomerMetadataProperties"] == {"model": "dog-breed-classifier", "by": "gate"}
    listed = sagemaker.list_model_packages(
        ModelPackageGroupName="breeds", SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )
    assert [summary["ModelPackageVersion"] for summary in listed["ModelPackageSummaryList"]] == [2]
    approved = sagemaker.list_model_packages(ModelPackageGroupName="breeds", ModelApprovalStatus="Approved")
    assert [summary["ModelPackageArn"] for summary in approved["ModelPackageSummaryList"]] == [created[1]]


def test_version_numbers_are_not_reused_and_only_empty_groups_can_be_deleted(sagemaker):
    sagemaker.create_model_package_group(ModelPackageGroupName="cats")
    first = sagemaker.create_model_package(ModelPackageGroupName="cats")["ModelPackageArn"]
    with pytest.raises(ClientError, match="still contains Model Packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="cats")
    sagemaker.delete_model_package(ModelPackageName=first)
    second = sagemaker.create_model_package(ModelPackageGroupName="cats")["ModelPackageArn"]
    assert second.endswith("cats/2")
    sagemaker.delete_model_package(ModelPackageName=second)
    sagemaker.delete_model_package_group(ModelPackageGroupName="cats")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName="cats")


def test_groups_are_unique_and_packages_need_one(sagemaker):
    sagemaker.create_model_package_group(ModelPackageGroupName="taken")
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName="taken")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.create_model_package(ModelPackageGroupName="nobody")
    with pytest.raises(ClientError, match="Exactly one of"):
        sagemaker.create_model_package(ModelPackageDescription="neither")


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("search", {"Resource": "TrainingJob"}),
        ("start_pipeline_execution", {"PipelineName": "p", "ClientRequestToken": "t" * 32}),
    ],
)
def test_operations_that_moto_would_fake_are_refused_by_name(sagemaker, operation, request_):
    with pytest.raises(ClientError, match="does not emulate sagemaker:"):
        getattr(sagemaker, operation)(**request_)
