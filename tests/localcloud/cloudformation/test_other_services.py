"""Messaging, observability, network, Studio and platform resources: created, updated in place, found, deleted."""

import json
from functools import partial

from localcloud.cloudformation.existence import missing_resources
from localcloud.cloudformation.not_emulated import NOT_EMULATED
from localcloud.cloudformation.providers import all_providers

from .test_storage_and_access import TRUST, document


def get(logical_id, attribute):
    return {"Fn::GetAtt": [logical_id, attribute]}


def ref(logical_id):
    return {"Ref": logical_id}


def resource(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def statement(**fields):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Resource": "*", **fields}]}


def messaging(delay):
    return {
        "Topic": resource("SNS::Topic", DisplayName=f"delay {delay}"),
        "TopicPolicy": resource(
            "SNS::TopicPolicy", Topics=[ref("Topic")], PolicyDocument=statement(Action="sns:Publish")
        ),
        "Queue": resource("SQS::Queue", DelaySeconds=delay, VisibilityTimeout=60),
        "QueuePolicy": resource(
            "SQS::QueuePolicy", Queues=[ref("Queue")], PolicyDocument=statement(Action="sqs:SendMessage")
        ),
        "Subscription": resource(
            "SNS::Subscription",
            TopicArn=ref("Topic"),
            Protocol="sqs",
            Endpoint=get("Queue", "Arn"),
            RawMessageDelivery=True,
        ),
        "Rule": resource(
            "Events::Rule",
            ScheduleExpression=f"rate({delay + 2} days)",
            State="DISABLED",
            Targets=[{"Id": "queue", "Arn": get("Queue", "Arn")}],
        ),
        "Schedule": resource(
            "Scheduler::Schedule",
            FlexibleTimeWindow={"Mode": "OFF"},
            ScheduleExpression=f"rate({delay + 2} days)",
            State="DISABLED",
            Target={"Arn": get("Queue", "Arn"), "RoleArn": "arn:aws:iam::123456789012:role/scheduler"},
        ),
    }


def deploy_update_delete(stacks, client, name, make, before, after, *, in_place):
    """Create `before`, check that it exists, update to `after`, check that `in_place` kept their ids, delete."""
    assert stacks.create(name, make(before))["StackStatus"] == "CREATE_COMPLETE", _failures(stacks, name)
    assert missing_resources(client, name) == []
    ids = {logical_id: stacks.physical(name, logical_id) for logical_id in in_place}
    assert stacks.update(name, make(after))["StackStatus"] == "UPDATE_COMPLETE", _failures(stacks, name)
    assert missing_resources(client, name) == []
    assert {logical_id: stacks.physical(name, logical_id) for logical_id in in_place} == ids
    yield ids
    arn = stacks.describe(name)["StackId"]
    assert stacks.delete(name) == "DELETE_COMPLETE", _failures(stacks, arn)
    left = [item for item in _described(stacks, arn) if item["ResourceStatus"] != "DELETE_COMPLETE"]
    assert left == []


def _described(stacks, arn):
    return stacks.client.list_stack_resources(StackName=arn)["StackResourceSummaries"]


def _failures(stacks, name):
    events = stacks.client.describe_stack_events(StackName=name)["StackEvents"]
    return [event for event in events if event["ResourceStatus"].endswith("FAILED")]


def test_messaging(stacks, client):
    for ids in deploy_update_delete(
        stacks, client, "messaging", messaging, 0, 5, in_place=("Topic", "Queue", "Subscription", "Rule", "Schedule")
    ):
        sns, sqs = client("sns"), client("sqs")
        assert sns.get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]["DisplayName"] == "delay 5"
        attributes = sqs.get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["All"])["Attributes"]
        assert (attributes["DelaySeconds"], attributes["VisibilityTimeout"]) == ("5", "60")
        assert client("events").describe_rule(Name=ids["Rule"])["ScheduleExpression"] == "rate(7 days)"
        assert client("events").list_targets_by_rule(Rule=ids["Rule"])["Targets"][0]["Id"] == "queue"
        assert client("scheduler").get_schedule(Name=ids["Schedule"])["ScheduleExpression"] == "rate(7 days)"
        sqs.set_queue_attributes(QueueUrl=ids["Queue"], Attributes={"DelaySeconds": "0"})
        sns.publish(TopicArn=ids["Topic"], Message="hello")
        assert sqs.receive_message(QueueUrl=ids["Queue"])["Messages"][0]["Body"] == "hello"


def observability(threshold):
    metric = {"Namespace": "AWS/States", "MetricName": "ExecutionsFailed"}
    return {
        "Group": resource("Logs::LogGroup", RetentionInDays=30 if threshold == 1 else 90),
        "Filter": resource(
            "Logs::MetricFilter",
            LogGroupName=ref("Group"),
            FilterPattern="ERROR",
            MetricTransformations=[
                {"MetricName": "Errors", "MetricNamespace": "Tests", "MetricValue": "1", "DefaultValue": 0}
            ],
        ),
        "Alarm": resource(
            "CloudWatch::Alarm",
            **metric,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=3,
            DatapointsToAlarm=2,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            Dimensions=[{"Name": "StateMachineArn", "Value": "arn"}],
        ),
        "MathAlarm": resource(
            "CloudWatch::Alarm",
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
            Metrics=[
                {"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
                {"Id": "e", "Expression": "m * 2", "ReturnData": True},
            ],
        ),
        "Composite": resource(
            "CloudWatch::CompositeAlarm",
            AlarmRule={"Fn::Sub": 'ALARM("${Alarm}") OR ALARM("${MathAlarm}")'},
        ),
        "Dashboard": resource(
            "CloudWatch::Dashboard",
            DashboardName="tests",
            DashboardBody={"Fn::Sub": json.dumps({"widgets": [{"x": threshold}]})},
        ),
    }


def test_observability(stacks, client):
    for ids in deploy_update_delete(
        stacks, client, "watching", observability, 1, 4, in_place=("Group", "Filter", "Alarm", "MathAlarm", "Composite")
    ):
        cloudwatch = client("cloudwatch")
        alarm = cloudwatch.describe_alarms(AlarmNames=[ids["Alarm"]])["MetricAlarms"][0]
        assert (alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["ActionsEnabled"]) == (4.0, 2, True)
        found = cloudwatch.describe_alarms(AlarmNames=[ids["Composite"]], AlarmTypes=["CompositeAlarm"])
        assert ids["MathAlarm"] in found["CompositeAlarms"][0]["AlarmRule"]
        group = client("logs").describe_log_groups(logGroupNamePrefix=ids["Group"])["logGroups"][0]
        assert group["retentionInDays"] == 90
        assert '"x": 4' in cloudwatch.get_dashboard(DashboardName="tests")["DashboardBody"]


def network(port):
    return {
        "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsHostnames=True),
        "Subnet": resource(
            "EC2::Subnet",
            VpcId=ref("Vpc"),
            CidrBlock={"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]},
            AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        ),
        "Table": resource("EC2::RouteTable", VpcId=ref("Vpc")),
        "Association": resource("EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=ref("Subnet")),
        "Gateway": resource("EC2::InternetGateway"),
        "Attachment": resource("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
        "Route": {
            **resource(
                "EC2::Route",
                RouteTableId=ref("Table"),
                DestinationCidrBlock="0.0.0.0/0",
                GatewayId=ref("Gateway"),
            ),
            "DependsOn": "Attachment",
        },
        "Group": resource(
            "EC2::SecurityGroup",
            GroupDescription="tests",
            VpcId=ref("Vpc"),
            SecurityGroupEgress=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0"}],
        ),
        "Inside": resource(
            "EC2::SecurityGroupIngress",
            GroupId=get("Group", "GroupId"),
            SourceSecurityGroupId=get("Group", "GroupId"),
            IpProtocol="tcp",
            FromPort=0,
            ToPort=65535,
        ),
        "S3": resource(
            "EC2::VPCEndpoint",
            VpcId=ref("Vpc"),
            ServiceName="com.amazonaws.us-east-1.s3",
            VpcEndpointType="Gateway",
            RouteTableIds=[ref("Table")],
            PolicyDocument=statement(Action="s3:GetObject"),
        ),
        "Logs": resource("Logs::LogGroup", LogGroupName="/tests/flow"),
        "Role": resource("IAM::Role", AssumeRolePolicyDocument=TRUST),
        "Flow": resource(
            "EC2::FlowLog",
            ResourceId=ref("Vpc"),
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName=ref("Logs"),
            DeliverLogsPermissionArn=get("Role", "Arn"),
        ),
    }


def test_network(stacks, client):
    kept = ("Vpc", "Subnet", "Table", "Group", "S3", "Flow", "Inside")
    for ids in deploy_update_delete(stacks, client, "network", network, 443, 8443, in_place=kept):
        ec2 = client("ec2")
        group = ec2.describe_security_groups(GroupIds=[ids["Group"]])["SecurityGroups"][0]
        assert [rule["FromPort"] for rule in group["IpPermissionsEgress"]] == [8443]
        assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == ids["Group"]
        subnet = ec2.describe_subnets(SubnetIds=[ids["Subnet"]])["Subnets"][0]
        assert (subnet["CidrBlock"], subnet["AvailabilityZone"]) == ("10.0.1.0/24", "us-east-1a")
        hostnames = ec2.describe_vpc_attribute(VpcId=ids["Vpc"], Attribute="enableDnsHostnames")
        assert hostnames["EnableDnsHostnames"]["Value"] is True


def studio(vpc, subnet, groups, note):
    role = "arn:aws:iam::123456789012:role/studio-execution"
    return {
        "Domain": resource(
            "SageMaker::Domain",
            DomainName="tests",
            AuthMode="IAM",
            VpcId=vpc,
            SubnetIds=[subnet],
            DefaultUserSettings={"ExecutionRole": role, "SecurityGroups": [groups[note]]},
        ),
        "User": resource(
            "SageMaker::UserProfile",
            DomainId=get("Domain", "DomainId"),
            UserProfileName="somebody",
            UserSettings={"ExecutionRole": role, "SecurityGroups": [groups[note]]},
        ),
        "Packages": resource("SageMaker::ModelPackageGroup", ModelPackageGroupName="tests"),
        "Start": resource(
            "SageMaker::StudioLifecycleConfig",
            StudioLifecycleConfigName=f"start-{note}",
            StudioLifecycleConfigAppType="JupyterLab",
            StudioLifecycleConfigContent="ZWNobw==",
        ),
    }


def test_studio(stacks, client):
    # Not the stack's own: a domain leaves security groups in its network.
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    groups = {
        note: ec2.create_security_group(GroupName=note, Description=note, VpcId=vpc)["GroupId"] for note in ("a", "b")
    }
    for ids in deploy_update_delete(
        stacks,
        client,
        "studio",
        partial(studio, vpc, subnet, groups),
        "a",
        "b",
        in_place=("Domain", "User", "Packages"),
    ):
        sagemaker = client("sagemaker")
        domain = sagemaker.describe_domain(DomainId=ids["Domain"])
        assert domain["DefaultUserSettings"]["SecurityGroups"] == [groups["b"]]
        profile = sagemaker.describe_user_profile(DomainId=ids["Domain"], UserProfileName="somebody")
        assert profile["UserSettings"]["SecurityGroups"] == [groups["b"]]
        configs = sagemaker.list_studio_lifecycle_configs()["StudioLifecycleConfigs"]
        assert [item["StudioLifecycleConfigName"] for item in configs] == ["start-b"]
    assert client("sagemaker").list_domains()["Domains"] == []


KEEP_FIVE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
            "action": {"type": "expire"},
        }
    ]
}


def platform(number):
    asl = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "${Word} ${Missing}", "End": True}}}
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/tests/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    role = "arn:aws:iam::123456789012:role/tests"
    return {
        "Parameter": resource("SSM::Parameter", Name="/tests/number", Type="String", Value=str(number)),
        "Repository": resource(
            "ECR::Repository",
            ImageTagMutability="IMMUTABLE" if number == 1 else "MUTABLE",
            LifecyclePolicy={"LifecyclePolicyText": json.dumps(KEEP_FIVE)},
            EmptyOnDelete=True,
        ),
        "Project": resource(
            "CodeBuild::Project",
            ServiceRole=role,
            Source={"Type": "NO_SOURCE", "BuildSpec": f"version: {number}"},
            Artifacts={"Type": "NO_ARTIFACTS"},
            Environment={"Type": "LINUX_CONTAINER", "ComputeType": "BUILD_GENERAL1_SMALL", "Image": "standard"},
        ),
        "Machine": resource(
            "StepFunctions::StateMachine",
            StateMachineName="tests",
            RoleArn=role,
            DefinitionString=json.dumps(asl),
            DefinitionSubstitutions={"Word": f"hello {number}"},
        ),
        "Target": resource(
            "ApplicationAutoScaling::ScalableTarget", **target, MinCapacity=1, MaxCapacity=number + 1, RoleARN=role
        ),
        "Scaling": resource(
            "ApplicationAutoScaling::ScalingPolicy",
            PolicyName="tests",
            PolicyType="TargetTrackingScaling",
            ScalingTargetId=ref("Target"),
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 10 * number,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            },
        ),
        "Budget": resource(
            "Budgets::Budget",
            Budget={
                "BudgetName": "tests",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 100 * number, "Unit": "USD"},
            },
            NotificationsWithSubscribers=[
                {
                    "Notification": {
                        "NotificationType": "ACTUAL",
                        "ComparisonOperator": "GREATER_THAN",
                        "Threshold": 80,
                    },
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "somebody@example.com"}],
                }
            ],
        ),
        "Metadata": resource("CDK::Metadata", Analytics="v2:deflate64:"),
    }


def test_platform(stacks, client):
    kept = ("Parameter", "Repository", "Project", "Machine", "Target", "Scaling", "Budget")
    for ids in deploy_update_delete(stacks, client, "platform", platform, 1, 2, in_place=kept):
        assert client("ssm").get_parameter(Name="/tests/number")["Parameter"]["Value"] == "2"
        repository = client("ecr").describe_repositories(repositoryNames=[ids["Repository"]])["repositories"][0]
        assert repository["imageTagMutability"] == "MUTABLE"
        project = client("codebuild").batch_get_projects(names=[ids["Project"]])["projects"][0]
        assert project["source"]["buildspec"] == "version: 2"
        machine = client("stepfunctions").describe_state_machine(stateMachineArn=ids["Machine"])
        assert json.loads(machine["definition"])["States"]["Say"]["Result"] == "hello 2 ${Missing}"
        scaling = client("application-autoscaling")
        target = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
        assert target["MaxCapacity"] == 3
        policy = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]
        assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 20
        budget = client("budgets").describe_budget(AccountId="123456789012", BudgetName="tests")["Budget"]
        assert float(budget["BudgetLimit"]["Amount"]) == 200


def test_the_list_of_types_not_emulated_is_short_and_gives_reasons():
    assert len(NOT_EMULATED) <= 10
    core = ("SageMaker", "S3", "IAM", "Lambda", "StepFunctions", "CloudWatch")
    assert not [kind for kind in NOT_EMULATED if kind.split("::")[1] in core]
    assert all(len(reason) > 20 for reason in NOT_EMULATED.values())
    assert set(NOT_EMULATED) <= set(all_providers())


def test_stack_tags_reach_resources_and_change_with_an_update(stacks, client):
    resources = {"Topic": resource("SNS::Topic"), "Group": resource("Logs::LogGroup", LogGroupName="/tagged")}
    stacks.create("tagged", resources, Tags=[{"Key": "commit", "Value": "a"}, {"Key": "old", "Value": "x"}])
    stacks.update("tagged", resources, Tags=[{"Key": "commit", "Value": "b"}])
    arn = stacks.physical("tagged", "Topic")
    assert client("sns").list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "commit", "Value": "b"}]
    group = client("logs").describe_log_groups(logGroupNamePrefix="/tagged")["logGroups"][0]["arn"]
    assert client("logs").list_tags_for_resource(resourceArn=group.removesuffix(":*"))["tags"] == {"commit": "b"}


def test_policy_documents_may_be_objects(stacks, client):
    policy = resource("IAM::ManagedPolicy", PolicyDocument=document("s3:GetObject"))
    assert stacks.create("documents", {"Policy": policy})["StackStatus"] == "CREATE_COMPLETE"
