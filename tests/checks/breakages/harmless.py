"""Changes that break nothing: every one must pass, so that no control is a fingerprint of today's templates."""

from __future__ import annotations

import copy
from typing import Any

from tests.checks.breakages.breakage import (
    OWN_ACCOUNT,
    Break,
    all_states,
    both,
    edit,
    machine,
    named,
    one,
    policy_of,
    put,
    ref,
    state,
)
from tests.checks.mutations import Mutant

FUNCTION, ALARM, LOGS, BUCKET = (
    "AWS::Lambda::Function",
    "AWS::CloudWatch::Alarm",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
)


def everywhere(kind: str, path: str, value: Any) -> Break:
    def change(mutant: Mutant) -> None:
        for item in mutant.all(kind):
            holder = item["Properties"]
            *way, last = path.split(".")
            for part in way:
                holder = holder.setdefault(part, {})
            holder[last] = value

    return change


def a_tag(mutant: Mutant) -> None:
    for template in mutant.templates.values():
        for resource in template["Resources"].values():
            if isinstance(resource["Properties"].get("Tags"), list):
                resource["Properties"]["Tags"].append({"Key": "cost-center", "Value": "4711"})


def another(kind: str, start: str = "", **changes: Any) -> Break:
    """A copy of a resource in its stack, with changes."""

    def change(mutant: Mutant) -> None:
        stack, name = ref(mutant, kind, start)
        made = copy.deepcopy(mutant.templates[stack]["Resources"][name])
        made["Properties"] |= changes
        mutant.templates[stack]["Resources"][f"{name}Another"] = made

    return change


def another_bucket(mutant: Mutant) -> None:
    another(BUCKET, "Artifacts")(mutant)
    stack, name = ref(mutant, "AWS::S3::BucketPolicy", "Artifacts")
    bucket = next(
        n for n in mutant.templates[stack]["Resources"] if n.startswith("Artifacts") and n.endswith("Another")
    )
    made = copy.deepcopy(mutant.templates[stack]["Resources"][name])
    made["Properties"]["Bucket"] = {"Ref": bucket}
    for statement in made["Properties"]["PolicyDocument"]["Statement"]:
        arn = {"Fn::GetAtt": [bucket, "Arn"]}
        statement["Resource"] = [arn, {"Fn::Join": ["", [arn, "/*"]]}]
    mutant.templates[stack]["Resources"]["AnotherPolicy"] = made


def narrower_resources(mutant: Mutant) -> None:
    for statement in policy_of(mutant, "TrainingRole")["PolicyDocument"]["Statement"]:
        if statement["Action"] == "s3:GetObject":
            statement["Resource"] = statement["Resource"][:2]


def fewer_actions(mutant: Mutant) -> None:
    for statement in policy_of(mutant, "StudioRole")["PolicyDocument"]["Statement"]:
        if isinstance(statement["Action"], list) and len(statement["Action"]) > 2:
            statement["Action"] = statement["Action"][:-1]


def one_more_condition(mutant: Mutant) -> None:
    for statement in policy_of(mutant, "EvaluationRole")["PolicyDocument"]["Statement"]:
        if statement["Action"] == "s3:GetObject":
            statement["Condition"] = {"StringEquals": {"aws:ResourceAccount": OWN_ACCOUNT}}


def narrower_trust(mutant: Mutant) -> None:
    statement = one(mutant, "AWS::IAM::Role", "TrainingRole")["AssumeRolePolicyDocument"]["Statement"][0]
    arn = {"Fn::Sub": "arn:aws:sagemaker:us-east-1:${AWS::AccountId}:training-job/*"}
    statement["Condition"]["ArnLike"] = {"aws:SourceArn": arn}


def one_more_deny(mutant: Mutant) -> None:
    document = one(mutant, "AWS::S3::BucketPolicy", "Data")["PolicyDocument"]
    condition = {
        "StringNotEquals": {"aws:PrincipalAccount": OWN_ACCOUNT},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }
    document["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": document["Statement"][0]["Resource"],
            "Condition": condition,
        }
    )


def case_of_actions(mutant: Mutant) -> None:
    for statement in policy_of(mutant, "TrainingRole")["PolicyDocument"]["Statement"]:
        if statement["Action"] == "s3:GetObject":
            statement["Action"] = ["s3:getObject"]


def narrower_group(mutant: Mutant) -> None:
    group = one(mutant, "AWS::EC2::SecurityGroup", "NetworkJobs")
    group["SecurityGroupEgress"] = [{**group["SecurityGroupEgress"][0], "CidrIp": "10.40.0.0/16"}]


def own_key_reader(mutant: Mutant) -> None:
    _, role = ref(mutant, "AWS::IAM::Role", "SeedFunctionRole")
    document = next(iter(named(mutant, "AWS::KMS::Key")))[1]["KeyPolicy"]
    principal = {"AWS": {"Fn::GetAtt": [role, "Arn"]}}
    document["Statement"].append({"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"})


def switchable(mutant: Mutant) -> None:
    stack, name = ref(mutant, FUNCTION)
    mutant.templates[stack].setdefault("Conditions", {})["Large"] = {"Fn::Equals": ["a", "b"]}
    mutant.templates[stack]["Resources"][name]["Properties"]["MemorySize"] = {"Fn::If": ["Large", 1024, 512]}


def another_model(mutant: Mutant) -> None:
    another("AWS::SageMaker::Model", "MultiModel")(mutant)


def renamed_states(mutant: Mutant) -> None:
    def change(definition: dict[str, Any]) -> None:
        import json

        text = json.dumps(definition)
        for name in ("QualityGate", "PublishModel", "SmokeTest", "ChoosePublishing"):
            text = text.replace(f'"{name}"', f'"{name}Renamed"')
        definition.clear()
        definition.update(json.loads(text))

    mutant.edit_machine(change)


def a_pass_state(mutant: Mutant) -> None:
    def change(states: dict[str, Any]) -> None:
        states["ChooseBeginning"]["Default"] = "BeginModel"

    def definition(found: dict[str, Any]) -> None:
        home = found["States"]["TrainModels"]["ItemProcessor"]["States"]
        home["RegisterModel"]["Next"] = "Note"
        home["Note"] = {"Type": "Pass", "Result": {"seen": True}, "ResultPath": "$.note", "Next": "SmokeTest"}
        change(all_states(found))

    mutant.edit_machine(definition)


def a_stricter_gate(mutant: Mutant) -> None:
    def change(states: dict[str, Any]) -> None:
        rule = states["ChoosePublishing"]["Choices"][0]
        both_rules = [
            {"Variable": "$.gate.passed", "BooleanEquals": True},
            {"Variable": "$.gate.accuracy", "NumericGreaterThan": 0.9},
        ]
        edit(rule, {"Variable": None, "BooleanEquals": None, "And": both_rules})

    mutant.edit_machine(lambda definition: change(all_states(definition)))


def custom_resource(mutant: Mutant) -> None:
    stack, name = ref(mutant, FUNCTION, "SeedFunction")
    mutant.templates[stack]["Resources"]["SeedMore"] = {
        "Type": "Custom::PrefixSeed",
        "Properties": {"ServiceToken": {"Fn::GetAtt": [name, "Arn"]}, "Key": "models/.more"},
    }


HARMLESS: dict[str, Break] = {
    "more memory": everywhere(FUNCTION, "MemorySize", 1024),
    "a longer timeout": everywhere(FUNCTION, "Timeout", 300),
    "a description": everywhere(FUNCTION, "Description", "Says what it does, see https://wiki.example.com/kennel"),
    "more disk": put(FUNCTION, "EphemeralStorage", {"Size": 1024}),
    "a plain variable": put(FUNCTION, "Environment.Variables.LOG_LEVEL", "DEBUG", "FunctionsPlanRun"),
    "a limit of tokens": put(FUNCTION, "Environment.Variables.MAX_TOKENS", "4096", "FunctionsPlanRun"),
    "another architecture": put(FUNCTION, "Architectures", ["arm64"]),
    "longer logs": everywhere(LOGS, "RetentionInDays", 731),
    "another log group": another(LOGS, "FunctionsPlanRun"),
    "a tag": a_tag,
    "a state machine's other name": both(put("AWS::StepFunctions::StateMachine", "StateMachineName", "kennel-prod-training"), lambda m: [edit(p, {"Dimensions": [{"Name": "StateMachineArn", "Value": {"Fn::Sub": "arn:aws:states:us-east-1:${AWS::AccountId}:stateMachine:kennel-prod-training"}}]}) for n, p in named(m, ALARM) if p["Namespace"] == "AWS/States"]),
    "another alarm": another(ALARM, "ExecutionsFailed", Threshold=2, AlarmDescription="more"),
    "an alarm on aborted executions": another(ALARM, "ExecutionsFailed", MetricName="ExecutionsAborted"),
    "a stricter alarm": put(ALARM, "Threshold", 70, "MemoryFull"),
    "a quicker alarm": both(put(ALARM, "Period", 60, "DiskFull"), put(ALARM, "EvaluationPeriods", 5, "DiskFull")),
    "an alarm on the average": put(ALARM, "Statistic", "Average", "MemoryFull"),
    "a slower latency": put(ALARM, "Threshold", 5_000_000, "Latency"),
    "an alarm that also tells when it ends": put(ALARM, "InsufficientDataActions", [], "MemoryFull"),
    "another schedule": put("AWS::Events::Rule", "ScheduleExpression", "rate(1 day)", "ScheduleRule"),
    "a schedule that is on": put("AWS::Events::Rule", "State", "ENABLED", "ScheduleRule"),
    "a second schedule": another("AWS::Events::Rule", "ScheduleRule", ScheduleExpression="cron(0 4 * * ? *)"),
    "another instance type": put("AWS::SageMaker::EndpointConfig", "ProductionVariants.0.InstanceType", "ml.m5.xlarge"),
    "more instances": put("AWS::SageMaker::EndpointConfig", "ProductionVariants.0.InitialInstanceCount", 4),
    "more scaling": put("AWS::ApplicationAutoScaling::ScalableTarget", "MaxCapacity", 12),
    "a further model": another_model,
    "a model's setting": put("AWS::SageMaker::Model", "PrimaryContainer.Environment.KENNEL_THREADS", "4"),
    "a narrower policy": narrower_resources,
    "fewer actions": fewer_actions,
    "one more condition": one_more_condition,
    "a narrower trust": narrower_trust,
    "one more refusal": one_more_deny,
    "actions in other letters": case_of_actions,
    "a narrower security group": narrower_group,
    "a key's reader of ours": own_key_reader,
    "a longer lifecycle": put(BUCKET, "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays", 180, "Artifacts"),
    "colder storage": put(BUCKET, "IntelligentTieringConfigurations", [{"Id": "cold", "Status": "Enabled", "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 90}]}], "Data"),
    "a bucket key": put(BUCKET, "BucketEncryption.ServerSideEncryptionConfiguration.0.BucketKeyEnabled", False, "Data"),
    "another bucket": another_bucket,
    "messages kept for a shorter time": put("AWS::SQS::Queue", "MessageRetentionPeriod", 604800),
    "another parameter": another("AWS::SSM::Parameter", "Jobs", Value="kennel-prod"),
    "another repository": another("AWS::ECR::Repository", "BuildJobs", RepositoryName="kennel-prod/more"),
    "another profile": another("AWS::SageMaker::UserProfile", "", UserProfileName="another"),
    "a larger budget": put("AWS::Budgets::Budget", "Budget.BudgetLimit.Amount", 5000),
    "a larger build": put("AWS::CodeBuild::Project", "Environment.ComputeType", "BUILD_GENERAL1_LARGE"),
    "a dashboard's text": another("AWS::CloudWatch::Dashboard", "", DashboardName="more"),
    "another range of the network": lambda m: [put("AWS::EC2::VPC", "CidrBlock", "10.50.0.0/16")(m), *(edit(p, {"CidrBlock": f"10.50.{16 * i}.0/20"}) for i, (_, p) in enumerate(named(m, "AWS::EC2::Subnet")))],
    "a shorter job": machine(lambda s: edit(s["TrainModel"]["Parameters"], {"StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}})),
    "two days of training": machine(lambda s: edit(s["TrainModel"]["Parameters"], {"StoppingCondition": {"MaxRuntimeInSeconds": 172800, "MaxWaitTimeInSeconds": 172800}})),
    "another metric of training": machine(lambda s: s["TrainModel"]["Parameters"]["AlgorithmSpecification"]["MetricDefinitions"].append({"Name": "top5", "Regex": "top5=([0-9.]+)"})),
    "more retries": state("PlanRun", TimeoutSeconds=120),
    "a comment": lambda m: m.edit_machine(lambda d: edit(d, {"Comment": "Trains"})),
    "states by other names": renamed_states,
    "a state in between": a_pass_state,
    "a stricter gate": a_stricter_gate,
    "a plain switch": switchable,
    "another custom resource": custom_resource,
}  # fmt: skip
