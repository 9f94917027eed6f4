"""What an attacker with the checker's source chooses: each a real weakening that our controls once let pass."""

from __future__ import annotations

import copy
from typing import Any

from tests.checks.breakages.breakage import Break, both, drop, edit, grant, machine, put, ref
from tests.checks.breakages.data import build_step, build_variable, variable
from tests.checks.breakages.identities import arn, on_artifacts
from tests.checks.breakages.machines import MACHINE, parameters
from tests.checks.breakages.policies import bucket, permission, queue, topic
from tests.checks.breakages.policies import condition as cond
from tests.checks.mutations import Mutant

ALARM, FUNCTION, DOMAIN, BUCKET = (
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::Function",
    "AWS::SageMaker::Domain",
    "AWS::S3::Bucket",
)
ACC = "${AWS::AccountId}"


def alarm(start: str, **changes: Any) -> Break:
    return both(*(put(ALARM, name, value, start) for name, value in changes.items()))


def out_(value: Any, **more: Any) -> Break:

    def change(mutant: Mutant) -> None:
        next(iter(mutant.templates.values())).setdefault("Outputs", {})["Handy"] = {"Value": value, **more}

    return change


def noecho(mutant: Mutant) -> None:
    t = next(iter(mutant.templates.values()))
    t.setdefault("Parameters", {})["Db"] = {"Type": "String", "NoEcho": True}
    t.setdefault("Outputs", {})["Handy"] = {"Value": {"Ref": "Db"}}


def s3_interface(mutant: Mutant) -> None:
    for t in mutant.templates.values():
        for _n, r in list(t["Resources"].items()):
            if r["Type"] == "AWS::EC2::VPCEndpoint" and r["Properties"]["VpcEndpointType"] == "Interface":
                c = copy.deepcopy(r)
                c["Properties"]["ServiceName"] = "com.amazonaws.us-east-1.s3"
                t["Resources"]["More"] = c
                return
    raise StopIteration


def rejected_payload(s: dict[str, Any]) -> None:
    s["RegisterRejected"]["Parameters"]["Payload"] = None
    del s["RegisterRejected"]["Parameters"]["Payload"]
    s["RegisterRejected"]["Parameters"]["Payload.$"] = "$.approval"


def after(first: str, name: str, made: dict[str, Any]) -> Break:

    def visit(m: Mutant) -> None:

        def ch(d: dict[str, Any]) -> None:
            home = d["States"]["TrainModels"]["ItemProcessor"]["States"]
            made2 = dict(made)
            made2["Next"] = home[first]["Next"]
            home[first]["Next"] = name
            home[name] = made2

        m.edit_machine(ch)

    return visit


def on_assets(action: str, to: str) -> Break:
    return grant(action, arn(f"arn:aws:s3:::cdk-hnb659fds-assets-{ACC}-us-east-1/*"), to=to)


def rollback(mutant: Mutant) -> None:
    _stack, name = ref(mutant, ALARM, "Idle")
    mutant.properties("AWS::SageMaker::Endpoint")["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"] = [
        {"AlarmName": {"Ref": name}}
    ]


def plan_bucket(mutant: Mutant) -> None:
    p = mutant.properties(MACHINE)
    a = ref(mutant, BUCKET, "Data")
    t = mutant.templates[a[0]]
    name = next(o["Export"]["Name"] for o in t["Outputs"].values() if o["Value"] == {"Ref": a[1]})
    p["DefinitionSubstitutions"]["Evil"] = {"Fn::ImportValue": name}
    machine(lambda s: edit(s["LoadModelPlan"]["Parameters"], {"Bucket": "${Evil}"}))(mutant)


def capture_here(mutant: Mutant) -> None:
    mutant.properties("AWS::SageMaker::EndpointConfig")["DataCaptureConfig"] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": mutant.properties("AWS::SageMaker::Model")["PrimaryContainer"]["ModelDataUrl"],
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }


def split_input(mutant: Mutant) -> None:

    def ch(s: dict[str, Any]) -> None:
        for i in s["EvaluateModel"]["Parameters"]["ProcessingInputs"]:
            if i["InputName"] == "test":
                i["S3Input"]["S3Uri.$"] = "States.Format('{}{}/train/', $.run.prepared_uri, $.run.manifest_id)"

    machine(ch)(mutant)


def model_runs(mutant: Mutant) -> None:
    c = mutant.properties("AWS::SageMaker::Model")["PrimaryContainer"]
    c["ModelDataUrl"]["Fn::Join"][1][-1] = "/runs/"


OWNROLE = {"AWS": arn(f"arn:aws:iam::{ACC}:role/intern")}

BREAKAGES: dict[str, Break] = {
    "topic: whatever bucket sends": topic("*", "sns:Publish", cond("ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:*")),
    "queue: any service for anybody": queue(
        {"AWS": "*"}, "sqs:SendMessage", cond("Bool", "aws:PrincipalIsAWSService", "true")
    ),
    "bucket: a role of ours that is not in the templates": bucket(OWNROLE, "s3:GetObject"),
    "function: a role of ours that is not in the templates": permission(
        Principal=arn(f"arn:aws:iam::{ACC}:role/intern")
    ),
    "function: a password in JSON": variable("SETTINGS", '{"db_host": "db", "db_pwd": "hunter22"}'),
    "build: a netrc": build_variable("NETRC", "machine github.com login bot password hunter22x"),
    "build: a login": build_step("docker login -u bot -p Sup3rS3cretPass registry"),
    "output: a password in its description": out_("x", Description="password=hunter22xyz"),
    "output: a parameter without echo": noecho,
    "job: DB_PWD": parameters("TrainModel", "Environment.DB_PWD", "hunter22"),
    "network: S3 by an interface": s3_interface,
    "subscription: a filter that nothing passes": put("AWS::SNS::Subscription", "FilterPolicy", {"never": ["x"]}),
    "budget: of another service": put("AWS::Budgets::Budget", "Budget.CostFilters.Service", ["Amazon Mechanical Turk"]),
    "alarm: 99 failures in 5 minutes": alarm("ExecutionsFailed", Threshold=99),
    "alarm: 99 % of requests fail": alarm("ServerErrors", Threshold=0.99),
    "alarm: a minute but a moment": alarm("Latency", Threshold=59_999_999),
    "alarm: the number of samples": alarm("MemoryFull", Statistic="SampleCount"),
    "alarm: the better half": both(
        drop(ALARM, "ExtendedStatistic", "Latency"), alarm("Latency", ExtendedStatistic="TM(0%:50%)")
    ),
    "alarm: ten seconds": alarm("MemoryFull", Period=10),
    "endpoint: captured without being asked": capture_here,
    "endpoint: rolled back by silence": rollback,
    "endpoint: serves what was not judged": model_runs,
    "gate: agreement of nothing": put(
        FUNCTION, "Environment.Variables.MIN_FP32_AGREEMENT", "0", "FunctionsQualityGate"
    ),
    "machine: an artifact changed in brackets": after(
        "SmokeTest", "Between", {"Type": "Pass", "Result": {"target_model": "x"}, "ResultPath": "$['artifact']"}
    ),
    "machine: a rejected model staged": lambda m: machine(lambda s: s["RegisterRejected"].update(Next="RecordStaged"))(
        m
    ),
    "machine: approval by a path": machine(rejected_payload),
    "machine: another model by InputPath": machine(lambda s: s["PublishModel"].update(InputPath="$.model.decoy")),
    "machine: a plan of the data bucket": plan_bucket,
    "machine: a version of the gate": machine(lambda s: s["QualityGate"]["Parameters"].update(Qualifier="1")),
    "evaluation: on the train split": split_input,
    "evaluation: its own answer": parameters(
        "EvaluateModel",
        "AppSpecification.ContainerEntrypoint",
        ["bash", "-c", "echo '{\"accuracy\": 1}' > /opt/ml/processing/output/evaluation.json"],
    ),
    "training: writes the test split": on_artifacts("s3:PutObject", "/prepared/*"),
    "Studio: writes evaluations": on_artifacts("s3:PutObject", "/runs/*", "StudioRole"),
    "training: writes the code of all": on_assets("s3:PutObject", "TrainingRole"),
    "Studio: changes the endpoint": grant(
        "sagemaker:UpdateEndpoint", arn(f"arn:aws:sagemaker:us-east-1:{ACC}:endpoint/kennel-prod"), to="StudioRole"
    ),
    "diagnosis: approves models": grant(
        "sagemaker:UpdateModelPackage",
        arn(f"arn:aws:sagemaker:us-east-1:{ACC}:model-package/kennel-prod-*"),
        to="FunctionsDiagnoseFailureRole",
    ),
    "Studio: pushes images": grant(
        "ecr:PutImage", arn(f"arn:aws:ecr:us-east-1:{ACC}:repository/kennel-prod/serving"), to="StudioRole"
    ),
    "findings: opens logs": grant("logs:PutResourcePolicy", "*", to="FunctionsEmitFindingsRole"),
    "build: a base image of somebody": lambda m: [
        edit(v, {"Value": "docker.io/attacker/python:3.12"})
        for v in m.properties("AWS::CodeBuild::Project")["Environment"]["EnvironmentVariables"]
        if v["Name"] == "PYTHON_IMAGE"
    ],
    "function: a configuration file": variable("AWS_CONFIG_FILE", "/tmp/config"),
    "build: a certificate": put("AWS::CodeBuild::Project", "Environment.Certificate", "somebody/ca.pem"),
    "Studio: an image": put(
        DOMAIN,
        "DefaultUserSettings.JupyterLabAppSettings.DefaultResourceSpec",
        {"SageMakerImageArn": arn(f"arn:aws:sagemaker:us-east-1:{ACC}:image/backdoor")},
    ),
    "flow logs: of nothing": put("AWS::EC2::FlowLog", "LogFormat", "${version}"),
    "bucket: versions gone in a day, the older way": both(
        drop(BUCKET, "LifecycleConfiguration", "Artifacts"),
        put(
            BUCKET,
            "LifecycleConfiguration",
            {
                "Rules": [
                    {
                        "Id": "t",
                        "Status": "Enabled",
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    },
                    {"Id": "x", "Status": "Enabled", "NoncurrentVersionExpirationInDays": 1},
                ]
            },
            "Artifacts",
        ),
    ),
    "model: base image registered": put(
        FUNCTION, "Environment.Variables.SERVING_IMAGE", "docker.io/attacker/serve:1", "FunctionsRegisterModel"
    ),
}
