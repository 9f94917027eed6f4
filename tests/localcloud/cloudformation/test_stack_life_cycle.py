"""Stacks: create, update, roll back, delete, exports."""

import json

import pytest

from localcloud.cloudformation.existence import missing_resources

from .conftest import CAPABILITIES, error_of

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {}}
UNKNOWN = {"Type": "AWS::Batch::JobQueue", "Properties": {}}


def test_names_dependencies_conditions_and_outputs(stacks, client):
    described = stacks.create(
        "basics",
        {
            "Alias": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Type": "String",
                    "Value": {"Fn::Sub": "${Topic.TopicName}-${AWS::Region}-${!Literal}"},
                    "Name": {"Fn::Join": ["/", ["", "basics", {"Ref": "Stage"}]]},
                    "Description": {"Ref": "AWS::NoValue"},
                },
            },
            "Topic": TOPIC,
            "Never": {**TOPIC, "Condition": "Off"},
        },
        Parameters_={"Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]}},
        Conditions={"Off": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
        Outputs={"Name": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}, "Export": {"Name": "topic-name"}}},
    )
    assert described["StackStatus"] == "CREATE_COMPLETE"
    topic_name = described["Outputs"][0]["OutputValue"]
    value = client("ssm").get_parameter(Name="/basics/dev")["Parameter"]["Value"]
    assert value == f"{topic_name}-us-east-1-${{Literal}}"
    logical_ids = {item["LogicalResourceId"] for item in _resources(stacks, "basics")}
    assert logical_ids == {"Alias", "Topic"}


def _resources(stacks, name):
    return stacks.client.list_stack_resources(StackName=name)["StackResourceSummaries"]


def test_a_failed_create_rolls_back_and_names_the_type(stacks, client):
    described = stacks.create("failing", {"Topic": TOPIC, "Queue": {**UNKNOWN, "DependsOn": "Topic"}})
    assert described["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.reasons("failing", "Queue") == ["localcloud does not emulate the resource type AWS::Batch::JobQueue"]
    assert not [arn for arn in _topics(client) if "failing" in arn]


def test_a_failed_create_can_keep_what_it_created(stacks, client):
    described = stacks.create("kept", {"Topic": TOPIC, "Bad": {**UNKNOWN, "DependsOn": "Topic"}}, DisableRollback=True)
    assert described["StackStatus"] == "CREATE_FAILED"
    assert [arn for arn in _topics(client) if "kept" in arn]


def _topics(client):
    return [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]]


def test_an_unknown_property_fails_by_name(stacks):
    stacks.create("odd", {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"Colour": "red"}}})
    assert stacks.reasons("odd", "Log") == ["localcloud does not emulate property AWS::Logs::LogGroup.Colour"]


def test_a_failed_update_restores_what_it_changed(stacks, client):
    def parameter(value):
        return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/restored", "Type": "String", "Value": value}}

    stacks.create("restored", {"P": parameter("old"), "Gone": TOPIC})
    described = stacks.update(
        "restored", {"P": parameter("new"), "New": TOPIC, "Bad": {**UNKNOWN, "DependsOn": ["P", "New"]}}
    )
    assert described["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert client("ssm").get_parameter(Name="/restored")["Parameter"]["Value"] == "old"
    assert {item["LogicalResourceId"] for item in _resources(stacks, "restored")} == {"P", "Gone"}
    assert missing_resources(client, "restored") == []
    assert json.loads(json.dumps(stacks.client.get_template(StackName="restored")["TemplateBody"]))[
        "Resources"
    ].keys() == {
        "P",
        "Gone",
    }


def test_an_update_removes_adds_and_replaces(stacks, client):
    def group(name):
        return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, "RetentionInDays": 7}}

    stacks.create("moving", {"Group": group("/moving/old"), "Gone": TOPIC})
    gone = stacks.physical("moving", "Gone")
    assert stacks.update("moving", {"Group": group("/moving/new")})["StackStatus"] == "UPDATE_COMPLETE"
    names = [item["logGroupName"] for item in client("logs").describe_log_groups()["logGroups"]]
    assert "/moving/new" in names
    assert "/moving/old" not in names
    assert gone not in _topics(client)


def test_an_update_without_changes_is_refused(stacks):
    stacks.create("same", {"Topic": TOPIC})
    assert error_of(lambda: stacks.update("same", {"Topic": TOPIC})) == "No updates are to be performed."


def test_a_template_in_yaml_with_short_forms_from_a_bucket(stacks, client):
    body = """
    AWSTemplateFormatVersion: 2010-09-09
    Mappings: {Sizes: {us-east-1: {retention: "14"}}}
    Resources:
      Group:
        Type: AWS::Logs::LogGroup
        Properties:
          LogGroupName: !Sub "/yaml/${AWS::StackName}"
          RetentionInDays: !FindInMap [Sizes, !Ref "AWS::Region", retention]
    Outputs:
      Arn: {Value: !GetAtt Group.Arn}
    """
    client("s3").create_bucket(Bucket="templates-of-tests")
    client("s3").put_object(Bucket="templates-of-tests", Key="a/b.yaml", Body=body.encode())
    url = f"{client('s3').meta.endpoint_url}/templates-of-tests/a/b.yaml"
    stacks.client.create_stack(StackName="yaml", TemplateURL=url)
    assert stacks.describe("yaml")["Outputs"][0]["OutputValue"].endswith(":log-group:/yaml/yaml:*")
    group = client("logs").describe_log_groups(logGroupNamePrefix="/yaml/yaml")["logGroups"][0]
    assert group["retentionInDays"] == 14


def test_exports_are_imported_and_protected(stacks, client):
    def parameter(name):
        properties = {"Name": name, "Type": "String", "Value": {"Fn::ImportValue": "shared-topic"}}
        return {"Type": "AWS::SSM::Parameter", "Properties": properties}

    output = {"T": {"Value": {"Ref": "Topic"}, "Export": {"Name": "shared-topic"}}}
    stacks.create("exporter", {"Topic": TOPIC}, Outputs=output)
    stacks.create("importer", {"P": parameter("/imported")})
    assert client("ssm").get_parameter(Name="/imported")["Parameter"]["Value"] == stacks.physical("exporter", "Topic")
    assert stacks.client.list_imports(ExportName="shared-topic")["Imports"] == ["importer"]
    refusal = "Export shared-topic cannot be deleted as it is in use by importer"
    assert error_of(lambda: stacks.client.delete_stack(StackName="exporter")) == refusal
    assert stacks.delete("importer") == "DELETE_COMPLETE"
    assert stacks.delete("exporter") == "DELETE_COMPLETE"
    assert "does not exist" in error_of(lambda: stacks.describe("exporter"))


def test_retained_resources_outlive_the_stack(stacks, client):
    kept = {**TOPIC, "DeletionPolicy": "Retain"}
    stacks.create("retaining", {"Kept": kept, "Other": TOPIC})
    arn = stacks.physical("retaining", "Kept")
    assert stacks.delete("retaining") == "DELETE_COMPLETE"
    assert arn in _topics(client)
    assert not [topic for topic in _topics(client) if "retaining" in topic and topic != arn]


def test_a_bucket_with_objects_fails_the_delete_until_it_is_empty(stacks, client):
    stacks.create("full", {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full-bucket"}}})
    client("s3").put_object(Bucket="full-bucket", Key="k", Body=b"x")
    assert stacks.delete("full") == "DELETE_FAILED"
    assert "not empty" in stacks.reasons("full", "Bucket")[0]
    client("s3").delete_object(Bucket="full-bucket", Key="k")
    assert stacks.delete("full") == "DELETE_COMPLETE"


def test_termination_protection_prevents_the_delete(stacks):
    stacks.create("protected", {"Topic": TOPIC}, EnableTerminationProtection=True)
    assert "TerminationProtection" in error_of(lambda: stacks.client.delete_stack(StackName="protected"))
    stacks.client.update_termination_protection(StackName="protected", EnableTerminationProtection=False)
    assert stacks.delete("protected") == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"A": {**TOPIC, "DependsOn": "B"}, "B": {**TOPIC, "DependsOn": "A"}}, "Circular dependency"),
        ({"A": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Nobody"}}}}, "Nobody"),
        ({"A": {"Properties": {}}}, "has no Type"),
        ({}, "At least one Resources member"),
    ],
)
def test_an_invalid_template_is_refused(stacks, resources, message):
    body = json.dumps({"Resources": resources})
    create = stacks.client.create_change_set
    name = f"invalid-{abs(hash(message))}"
    assert message in error_of(
        lambda: create(StackName=name, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body)
    )
    assert "does not exist" in error_of(lambda: stacks.describe(name))


def test_iam_needs_the_capability(stacks):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}}}
    body = json.dumps({"Resources": {"Role": role}})
    assert "CAPABILITY" in error_of(lambda: stacks.client.create_stack(StackName="iam", TemplateBody=body))


def test_change_sets_list_what_would_change(stacks):
    def template(retention, name):
        group = {"LogGroupName": name, "RetentionInDays": retention}
        return json.dumps({"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": group}, "T": TOPIC}})

    client = stacks.client
    made = {"StackName": "planned", "ChangeSetName": "first", "ChangeSetType": "CREATE"}
    client.create_change_set(**made, TemplateBody=template(7, "/planned/a"), Capabilities=CAPABILITIES)
    assert stacks.describe("planned")["StackStatus"] == "REVIEW_IN_PROGRESS"
    client.execute_change_set(StackName="planned", ChangeSetName="first")
    assert stacks.describe("planned")["StackStatus"] == "CREATE_COMPLETE"
    for name, body, replacement in (
        ("place", template(14, "/planned/a"), "False"),
        ("anew", template(7, "/planned/b"), "True"),
    ):
        client.create_change_set(StackName="planned", ChangeSetName=name, TemplateBody=body)
        changes = client.describe_change_set(StackName="planned", ChangeSetName=name)["Changes"]
        assert [change["ResourceChange"]["LogicalResourceId"] for change in changes] == ["Group"]
        assert changes[0]["ResourceChange"]["Replacement"] == replacement
    client.create_change_set(StackName="planned", ChangeSetName="none", TemplateBody=template(7, "/planned/a"))
    none = client.describe_change_set(StackName="planned", ChangeSetName="none")
    assert none["Status"] == "FAILED"
    assert "didn't contain changes" in none["StatusReason"]


def test_operations_that_are_not_emulated_say_so(stacks):
    refusal = "localcloud does not emulate cloudformation:DetectStackDrift"
    assert error_of(lambda: stacks.client.detect_stack_drift(StackName="basics")) == refusal


def test_an_update_finishes_a_create_that_kept_its_resources(stacks, client):
    stacks.create("finished", {"Topic": TOPIC, "Late": {**UNKNOWN, "DependsOn": "Topic"}}, DisableRollback=True)
    topic = stacks.physical("finished", "Topic")
    described = stacks.update("finished", {"Topic": TOPIC, "Late": {**TOPIC, "DependsOn": "Topic"}})
    assert described["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical("finished", "Topic") == topic
    assert missing_resources(client, "finished") == []


def test_a_replacement_is_undone_when_the_update_fails(stacks, client):
    def group(name):
        return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}

    stacks.create("undone", {"Group": group("/undone/old")})
    described = stacks.update("undone", {"Group": group("/undone/new"), "Bad": {**UNKNOWN, "DependsOn": "Group"}})
    assert described["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    names = [item["logGroupName"] for item in client("logs").describe_log_groups()["logGroups"]]
    assert "/undone/old" in names
    assert "/undone/new" not in names
    assert stacks.physical("undone", "Group") == "/undone/old"


def test_a_delete_can_retain_named_resources(stacks, client):
    stacks.create("leaving", {"Kept": TOPIC, "Gone": TOPIC})
    kept, gone = stacks.physical("leaving", "Kept"), stacks.physical("leaving", "Gone")
    stacks.client.delete_stack(StackName="leaving", RetainResources=["Kept"])
    assert kept in _topics(client)
    assert gone not in _topics(client)


def test_another_stacks_output_can_be_read(stacks, client):
    stacks.create("giving", {"Topic": TOPIC}, Outputs={"Arn": {"Value": {"Ref": "Topic"}}})
    value = {"Fn::GetStackOutput": {"StackName": "giving", "OutputName": "Arn", "Region": {"Ref": "AWS::Region"}}}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/taken", "Type": "String", "Value": value}}
    assert stacks.create("taking", {"P": parameter})["StackStatus"] == "CREATE_COMPLETE"
    assert client("ssm").get_parameter(Name="/taken")["Parameter"]["Value"] == stacks.physical("giving", "Topic")


def test_a_missing_property_fails_its_resource_and_is_named(stacks):
    assert stacks.create("lacking", {"P": {"Type": "AWS::SNS::TopicPolicy"}})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.reasons("lacking", "P") == ["AWS::SNS::TopicPolicy needs the property Topics"]


def test_a_parameter_switches_a_resource_off_and_on_with_the_same_template(stacks, client):
    switch = {"Type": "String", "Default": "true", "AllowedValues": ["true", "false"]}
    stacks.create(
        "switched",
        {"Topic": {**TOPIC, "Condition": "On"}, "Other": TOPIC},
        Parameters_={"Enabled": switch, "Secret": {"Type": "String", "Default": "s", "NoEcho": True}},
        Conditions={"On": {"Fn::Equals": [{"Ref": "Enabled"}, "true"]}},
        Outputs={"Topic": {"Condition": "On", "Value": {"Ref": "Topic"}}},
    )
    other = stacks.physical("switched", "Other")

    def turn(value):
        parameters = [
            {"ParameterKey": "Enabled", "ParameterValue": value},
            {"ParameterKey": "Secret", "UsePreviousValue": True},
        ]
        stacks.client.update_stack(StackName="switched", UsePreviousTemplate=True, Parameters=parameters)
        return stacks.describe("switched")

    off = turn("false")
    assert off["StackStatus"] == "UPDATE_COMPLETE"
    assert "Outputs" not in off or off["Outputs"] == []
    assert {item["LogicalResourceId"] for item in _resources(stacks, "switched")} == {"Other"}
    on = turn("true")
    assert on["Outputs"][0]["OutputValue"] in _topics(client)
    assert stacks.physical("switched", "Other") == other
    shown = {item["ParameterKey"]: item["ParameterValue"] for item in on["Parameters"]}
    assert shown == {"Enabled": "true", "Secret": "****"}
    assert "must be one of" in error_of(lambda: turn("maybe"))
