"""An assembly as one graph: intrinsic functions resolved, references followed, statements and states laid flat."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.assembly import Assembly, AssemblyError, as_list, dig
from checks.control import Control
from checks.machines import either, states, tasks
from checks.policies import Statement, identity_statements, statements
from tests.checks.cases.case import assembly, resource
from tests.checks.cases.jobs import machine, task

NO_VALUE = {"Ref": "AWS::NoValue"}
OTHER = {
    "Resources": {"Key": resource("AWS::KMS::Key")},
    "Outputs": {
        "Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "Other:Key"}},
        "Region": {"Value": {"Ref": "AWS::Region"}},
    },
}


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("text", "text"),
        (3, 3),
        ({"Ref": "Bucket"}, "${Main/Bucket}"),
        ({"Ref": "AWS::Region"}, "${AWS::Region}"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "${Main/Bucket.Arn}"),
        ({"Fn::GetAtt": "Bucket.Nested.Arn"}, "${Main/Bucket.Nested.Arn}"),
        ({"Fn::ImportValue": "Other:Key"}, "${Other/Key.Arn}"),
        ({"Fn::ImportValue": {"Fn::Join": [":", ["Other", "Key"]]}}, "${Other/Key.Arn}"),
        ({"Fn::ImportValue": "Nobody:Key"}, "${import Nobody:Key}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Bucket"}, 3]]}, "a-${Main/Bucket}-3"),
        ({"Fn::Sub": "${AWS::Region}/${Bucket}/x"}, "${AWS::Region}/${Main/Bucket}/x"),
        ({"Fn::Sub": ["${Bucket}!", {"Bucket": "other"}]}, "other!"),
        ({"Fn::Sub": "${Key.Arn}/${!aws:username}"}, "${Main/Key.Arn}/${aws:username}"),
        ({"Fn::If": ["Anything", {"Ref": "Bucket"}, "other"]}, "${Main/Bucket}"),
        ({"A": {"Fn::If": ["Anything", {"Ref": "AWS::NoValue"}, "other"]}}, {}),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Ranges", "wide", "cidr"]}, "0.0.0.0/0"),
        (
            {"Fn::FindInMap": ["Ranges", {"Ref": "Width"}, "cidr"]},
            {"Fn::FindInMap": ["Ranges", "${Main/Width}", "cidr"]},
        ),
        ({"Fn::Split": [",", {"Ref": "Bucket"}]}, {"Fn::Split": [",", "${Main/Bucket}"]}),
        ({"Key": {"Ref": "Bucket"}}, {"Key": "${Main/Bucket}"}),
        ({"Ref": "Bucket", "Other": 1}, {"Ref": "Bucket", "Other": 1}),
        ([{"Ref": "Bucket"}, {"A": {"Ref": "Bucket"}, "B": NO_VALUE}], ["${Main/Bucket}", {"A": "${Main/Bucket}"}]),
    ],
)
def test_a_value_says_what_its_functions_say(value: Any, resolved: Any) -> None:
    mappings = {"Ranges": {"wide": {"cidr": "0.0.0.0/0"}}}
    found = Assembly({"Main": {"Resources": {}, "Mappings": mappings}, "Other": OTHER})
    assert found.resolve(value, "Main") == resolved


def test_a_reference_leads_to_its_resource_across_stacks() -> None:
    main = {"Resources": {"Alias": resource("AWS::KMS::Alias", TargetKeyId={"Fn::ImportValue": "Other:Key"})}}
    found = Assembly({"Main": main, "Other": OTHER})
    (alias,), (key,) = found.of("AWS::KMS::Alias"), found.of("AWS::KMS::Key")
    assert (alias.label, alias.ref, key.label) == ("Main/Alias", "${Main/Alias}", "Other/Key")
    assert found.at(alias.get("TargetKeyId"), "AWS::KMS::Key") == key
    assert found.at(alias.get("TargetKeyId"), "AWS::S3::Bucket") is None
    assert found.at("${Other/Key}", "AWS::KMS::Key") == key
    # Neither a longer name nor anything but a text is this key.
    for stranger in ("${Other/KeyTwo}", "${Other/KeyTwo.Arn}", "x${Other/Key}", None, ["${Other/Key}"]):
        assert found.at(stranger, "AWS::KMS::Key") is None


def test_a_resource_without_properties_has_none() -> None:
    (found,) = assembly({"Topic": {"Type": "AWS::SNS::Topic"}}).resources
    assert found.properties == {} and found.get("A.B") is None and found.get("A", 3) == 3
    assert list(Assembly({"Main": {}}).resources) == []


def test_what_an_environment_promises_is_in_one_of_its_templates() -> None:
    main = {"Metadata": {"Kennel::Controls": {"Strict": True}}}
    assert Assembly({"Other": {"Metadata": {}}, "Bare": {}, "Main": main}).expected == {"Strict": True}
    with pytest.raises(AssemblyError, match=r"no template .*Metadata Kennel::Controls"):
        _ = Assembly({"Other": OTHER}).expected


def test_templates_are_read_by_the_names_of_their_stacks(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="synthesize first, for example with `kennel synth`"):
        Assembly.load(tmp_path)
    for name in ("B.template.json", "A.template.json", "manifest.json"):
        (tmp_path / name).write_text(json.dumps({"Resources": {}}))
    assert list(Assembly.load(tmp_path).templates) == ["A", "B"]


def test_members_are_found_by_their_path() -> None:
    value = {"A": {"B": {"C": None}}, "D": [1]}
    assert dig(value, "A.B") == {"C": None} and dig(value, "A.B.C", "default") is None
    assert dig(value, "A.X", "default") == dig(value, "D.0", "default") == dig(None, "A", "default") == "default"
    assert dig(value, "A.X") is None
    assert (as_list(None), as_list("a"), as_list(["a"]), as_list("")) == ([], ["a"], ["a"], [""])


@pytest.mark.parametrize(("when", "expected", "found"), [(None, {}, 1), ("A", {"A": True}, 1), ("A", {"A": False}, 0),
                                                         ("A", {}, 0)])  # fmt: skip
def test_a_control_binds_where_its_environment_promises_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    when: str | None, expected: dict[str, bool], found: int,
) -> None:  # fmt: skip
    control = Control("a.control", "be so", lambda _: ["Main/X"], when)
    monkeypatch.setattr("checks.controls.CONTROLS", (control,))
    from checks.__main__ import main

    (tmp_path / "Main.template.json").write_text(json.dumps({"Metadata": {"Kennel::Controls": expected}}))
    assert main([str(tmp_path)]) == found
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == found and all(line.startswith("a.control: Main/X must") for line in lines)


STATEMENT = {
    "Effect": "Deny",
    "Principal": {"AWS": "*", "Service": "logs.amazonaws.com"},
    "Action": ["s3:GetObject"],
    "Resource": {"Ref": "X"},
    "Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceAccount": ["1", "2"]}},
}


def test_a_statement_is_laid_flat() -> None:
    (found,) = statements({"Statement": STATEMENT})
    assert found == Statement(
        effect="Deny",
        actions=("s3:GetObject",),
        resources=("{'Ref': 'X'}",),
        services=("logs.amazonaws.com",),
        anyone=True,
        conditions={
            "aws:securetransport": ("Bool", ("false",)),
            "aws:sourceaccount": ("StringEquals", ("1", "2")),
        },
        inverted=False,
    )
    assert not found.allows and not found.denies_without_tls("s3:GetObject")  # the other condition narrows it
    alone = replace(found, conditions={"aws:securetransport": ("Bool", ("false",))})
    assert alone.denies_without_tls("s3:GetObject") and not alone.denies_without_tls("s3:*")


def test_a_statement_says_little_when_little_is_written() -> None:
    (found,) = statements({"Statement": [{"Effect": "Allow"}]})
    assert found == Statement("Allow", (), (), (), False, {}, False) and found.allows
    assert list(statements(None)) == list(statements({})) == []
    for principal, anyone in (("*", True), ({"AWS": ["a", "*"]}, True), ({"AWS": "a"}, False), ({}, False)):
        (found,) = statements({"Statement": {"Effect": "Allow", "Principal": principal}})
        assert found.anyone is anyone and found.services == ()


def test_everything_that_a_role_may_do_is_found() -> None:
    document = {"Statement": {"Effect": "Allow"}}
    found = identity_statements(
        assembly(
            {
                "Policy": resource("AWS::IAM::Policy", PolicyDocument=document),
                "Managed": resource("AWS::IAM::ManagedPolicy", PolicyDocument=document),
                "Role": resource("AWS::IAM::Role", Policies=[{"PolicyDocument": document}, {"PolicyDocument": {}}]),
                "Bare": resource("AWS::IAM::Role"),
                "Bucket": resource("AWS::S3::BucketPolicy", PolicyDocument=document),
            }
        )
    )
    assert [item.name for item, _ in found] == ["Policy", "Managed", "Role"]


def test_tasks_are_found_at_any_depth() -> None:
    inner = {"States": {"Inner": task({"A": 1}, "createTrainingJob"), "Pass": {"Type": "Pass"}}}
    states_of = {
        "Outer": task({}, "createProcessingJob"),
        "Map": {"Type": "Map", "ItemProcessor": inner},
        "Old": {"Type": "Map", "Iterator": {"States": {"Oldest": {"Type": "Succeed"}}}},
        "Parallel": {"Type": "Parallel", "Branches": [{"States": {"Left": {"Type": "Wait"}}}]},
    }
    names = [name for name, _ in states({"States": states_of})]
    assert names == ["Outer", "Map", "Inner", "Pass", "Old", "Oldest", "Parallel", "Left"]
    found = list(tasks(assembly({"M": machine(states_of)})))
    assert [(item.label, item.operation, item.parameters) for item in found] == [
        ("Main/M:Outer", "createProcessingJob", {}), ("Main/M:Inner", "createTrainingJob", {"A": 1}),
    ]  # fmt: skip
    assert list(states({})) == []


def test_placeholders_are_filled_as_json() -> None:
    (found,) = tasks(
        assembly(
            {
                "Key": resource("AWS::KMS::Key"),
                "M": resource(
                    "AWS::StepFunctions::StateMachine",
                    DefinitionString=json.dumps(
                        {"States": {"A": {"Type": "Task", "Parameters": "${Quoted} ${Nobody}"}}}
                    ),
                    DefinitionSubstitutions={"Quoted": 'a "b"'},
                ),
            }
        )
    )
    assert found.state["Parameters"] == 'a "b" ${Nobody}'


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        ({"A": {"B": 1}}, 1),
        ({"A": {"B.$": "$.b"}}, "$.b"),
        ({"A": {"B": None, "B.$": "$.b"}}, "$.b"),
        ({"A": {}}, None),
        ({"A": 3}, None),
        ({}, None),
    ],
)
def test_a_parameter_is_literal_or_a_path(parameters: dict[str, Any], value: Any) -> None:
    assert either(parameters, "A.B") == value
    assert either({"B.$": "$.top"}, "B") == "$.top"
