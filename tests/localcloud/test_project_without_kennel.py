"""A project without Kennel in the local cloud: a bucket, a function, a pipeline that trains its own script."""

import io
import json
import tarfile
import time

import boto3
import pytest

from localcloud import ImageCommand
from localcloud.cloudformation.existence import missing_resources
from localcloud.pytest_plugin import local_cloud

__all__ = ["local_cloud"]

TRAIN = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--slope", type=float)
slope = parser.parse_args().slope
if slope > 10:
    raise ValueError(f"slope {slope} is too steep")
points = json.load(open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "points.json")))
loss = sum((slope * x - y) ** 2 for x, y in points) / len(points)
json.dump({"slope": slope}, open(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"), "w"))
print(f"train:loss={loss};")
"""

PLAN = """
import os
def handler(event, context):
    name = "fit-" + event["execution"].rsplit(":", 1)[1]
    return {"job": name, "slope": str(event["slope"]), "bucket": os.environ["BUCKET"]}
"""

PIPELINE = """
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: [lambda.amazonaws.com, sagemaker.amazonaws.com, states.amazonaws.com]}
            Action: sts:AssumeRole
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
  Plan:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Timeout: 30
      Role: !GetAtt Role.Arn
      Environment: {Variables: {BUCKET: !Ref Bucket}}
      Code: {ZipFile: PLAN_CODE}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      DefinitionSubstitutions: {Plan: !GetAtt Plan.Arn, Role: !GetAtt Role.Arn, Bucket: !Ref Bucket}
      Definition:
        StartAt: Plan
        States:
          Plan:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Parameters:
              FunctionName: ${Plan}
              Payload: {execution.$: $$.Execution.Id, slope.$: $.slope}
            OutputPath: $.Payload
            Next: Train
          Train:
            Type: Task
            Resource: arn:aws:states:::sagemaker:createTrainingJob.sync
            TimeoutSeconds: 120
            Parameters:
              TrainingJobName.$: $.job
              RoleArn: ${Role}
              AlgorithmSpecification:
                TrainingImage: somebody/trainer:1
                TrainingInputMode: File
                MetricDefinitions: [{Name: "train:loss", Regex: "train:loss=([0-9.]+);"}]
              HyperParameters:
                slope.$: $.slope
                sagemaker_program: train.py
                sagemaker_submit_directory: /opt/ml/input/data/code/code.tar.gz
              InputDataConfig:
                - ChannelName: code
                  DataSource: {S3DataSource: {S3DataType: S3Prefix, S3Uri: "s3://${Bucket}/code/"}}
                - ChannelName: train
                  DataSource: {S3DataSource: {S3DataType: S3Prefix, S3Uri: "s3://${Bucket}/data/"}}
              OutputDataConfig: {S3OutputPath: "s3://${Bucket}/models"}
              ResourceConfig: {InstanceCount: 1, InstanceType: ml.m5.large, VolumeSizeInGB: 5}
              StoppingCondition: {MaxRuntimeInSeconds: 300}
            ResultSelector:
              artifact.$: $.ModelArtifacts.S3ModelArtifacts
              loss.$: $.FinalMetricDataList[0].Value
            End: true
Outputs:
  Machine: {Value: !Ref Machine}
  Bucket: {Value: !Ref Bucket}
"""


@pytest.fixture(scope="module")
def local_cloud_images():
    return [ImageCommand("somebody/trainer:*", "training")]


@pytest.fixture(scope="module")
def outputs(local_cloud):
    cloudformation = boto3.client("cloudformation")
    body = PIPELINE.replace("PLAN_CODE", json.dumps(PLAN))
    cloudformation.create_stack(StackName="theirs", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="theirs")
    stack = cloudformation.describe_stacks(StackName="theirs")["Stacks"][0]
    found = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    code = io.BytesIO()
    with tarfile.open(fileobj=code, mode="w:gz") as tar:
        entry = tarfile.TarInfo("train.py")
        entry.size = len(TRAIN)
        tar.addfile(entry, io.BytesIO(TRAIN.encode()))
    s3 = boto3.client("s3")
    s3.put_object(Bucket=found["Bucket"], Key="code/code.tar.gz", Body=code.getvalue())
    s3.put_object(Bucket=found["Bucket"], Key="data/points.json", Body=json.dumps([[1, 2], [2, 4]]).encode())
    return found


def execute(machine, slope):
    states = boto3.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps({"slope": slope}))["executionArn"]
    deadline = time.monotonic() + 100
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def test_the_pipeline_trains_the_script_and_leaves_the_model(outputs, local_cloud):
    assert missing_resources(local_cloud.cloud.client, "theirs") == []
    execution = execute(outputs["Machine"], 2)
    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])
    assert output["loss"] == 0
    bucket, _, key = output["artifact"].removeprefix("s3://").partition("/")
    archive = io.BytesIO(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    with tarfile.open(fileobj=archive) as tar:
        name = next(name for name in tar.getnames() if name.endswith("model.json"))
        assert json.load(tar.extractfile(name)) == {"slope": 2.0}


def test_a_script_that_raises_fails_the_execution_with_its_reason(outputs):
    execution = execute(outputs["Machine"], 11)
    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    assert "slope 11.0 is too steep" in execution["cause"]
