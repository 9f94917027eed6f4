"""Intrinsic functions, conditions, parameters and templates, without a cloud."""

import pytest

from localcloud.cloudformation.conditions import evaluate_conditions
from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.parameters import parameter_values
from localcloud.cloudformation.references import references
from localcloud.cloudformation.template import parse_template
from localcloud.errors import AwsError


def lookup(logical_id, attribute):
    return f"{logical_id}.{attribute}" if attribute else logical_id.lower()


def scope(**parameters):
    made = Scope(
        pseudo={"AWS::Region": "us-east-1", "AWS::StackName": "s"},
        parameters=parameters,
        mappings={"Sizes": {"us-east-1": {"small": 1}}},
        exports=lambda name: f"export of {name}",
        resources=lookup,
    )
    evaluate_conditions(
        made,
        {
            "Conditions": {
                "Second": {"Fn::And": [{"Condition": "First"}, {"Fn::Not": [{"Condition": "Off"}]}]},
                "First": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
                "Off": {"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Equals": ["a", "c"]}]},
            }
        },
    )
    return made


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Ref": "Bucket"}, "bucket"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "Bucket.Arn"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "Bucket.Arn"),
        ({"Fn::Sub": "${Bucket}/${Bucket.Arn}/${!Kept}/${AWS::StackName}"}, "bucket/Bucket.Arn/${Kept}/s"),
        ({"Fn::Sub": ["${a}-${Bucket}", {"a": {"Ref": "Other"}}]}, "other-bucket"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Names"}]]}, "a-['x', 'y']"),
        ({"Fn::Join": ["-", {"Ref": "Names"}]}, "x-y"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b,c"]}]}, "b"),
        ({"Fn::Select": ["0", {"Fn::GetAZs": ""}]}, "us-east-1a"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, 1),
        ({"Fn::FindInMap": ["Sizes", "eu-west-1", "small", {"DefaultValue": 9}]}, 9),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::Length": [1, 2, 3]}, 3),
        ({"Fn::ToJsonString": {"a": {"Ref": "Bucket"}}}, '{"a":"bucket"}'),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-x"}}, "export of s-x"),
        ({"Fn::If": ["Second", "yes", {"Ref": "Nobody"}]}, "yes"),
        ({"a": {"Fn::If": ["Off", 1, {"Ref": "AWS::NoValue"}]}, "b": [{"Ref": "AWS::NoValue"}, 2]}, {"b": [2]}),
    ],
)
def test_functions(expression, value):
    assert scope(Names=["x", "y"]).resolve(expression) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Fn::Transform": {}}, "does not emulate the template function Fn::Transform"),
        ({"Fn::Select": [3, ["a"]]}, "nonexistent value at index 3"),
        ({"Fn::FindInMap": ["Sizes", "mars", "small"]}, "Unable to get mapping for Sizes::mars::small"),
        ({"Fn::Join": "x"}, "Fn::Join needs a list, found 'x'"),
        ({"Fn::Sub": ["${a}", "b"]}, "the variables of Fn::Sub are an object, found 'b'"),
        ({"Fn::If": ["Unheard", 1, 2]}, "Unresolved condition dependency Unheard"),
        ({"Fn::GetStackOutput": {"StackName": "a", "OutputName": "b", "Region": "eu-west-1"}}, "another region"),
    ],
)
def test_mistakes_in_functions_are_named(expression, message):
    with pytest.raises(AwsError, match=message):
        scope().resolve(expression)


def test_conditions_must_not_refer_to_each_other_in_a_circle():
    circle = {"Conditions": {"A": {"Condition": "B"}, "B": {"Condition": "A"}}}
    with pytest.raises(AwsError, match="Circular dependency"):
        evaluate_conditions(scope(), circle)


def test_references_follow_only_the_branch_that_is_taken():
    value = {"x": {"Fn::If": ["Off", {"Ref": "Never"}, {"Fn::Sub": "${Taken.Arn}${!Literal}"}]}, "y": {"Ref": "Other"}}
    assert references(value, scope()) == {"Taken", "Other"}


def parameter(value=None, **declaration):
    given = [] if value is None else [{"ParameterKey": "P", "ParameterValue": value}]
    declared = {"Parameters": {"P": {"Type": "String", **declaration}}}
    return parameter_values(declared, given, {"P": "before"}, lambda name: f"value of {name}")[1]["P"]


def test_parameters_are_converted_to_their_types():
    assert parameter("a, b", Type="CommaDelimitedList") == ["a", "b"]
    assert parameter(Type="AWS::SSM::Parameter::Value<String>", Default="/x") == "value of /x"
    assert parameter("5", Type="Number", MinValue=1, MaxValue=9) == "5"


@pytest.mark.parametrize(
    ("value", "declaration", "message"),
    [
        (None, {}, r"Parameters: \[P\] must have values"),
        ("c", {"AllowedValues": ["a", "b"]}, r"must be one of \['a', 'b'\]"),
        ("x1", {"AllowedPattern": "[a-z]+"}, "must match pattern"),
        ("x", {"Type": "Number"}, "must be numeric"),
        ("11", {"Type": "Number", "MaxValue": 10}, "must be at most 10"),
        ("", {"MinLength": 1, "ConstraintDescription": "say something"}, "say something"),
    ],
)
def test_wrong_parameters_are_refused(value, declaration, message):
    with pytest.raises(AwsError, match=message):
        parameter(value, **declaration)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "Template format error"),
        ("[1]", "unsupported structure"),
        ("Transform: AWS::Serverless-2016-10-31", "does not emulate the template transform"),
        ("Resources: {A: {Type: T, CreationPolicy: {}}}", "does not emulate CreationPolicy of resource A"),
        ("Resource: {}", "Invalid template property"),
    ],
)
def test_wrong_templates_are_refused(body, message):
    with pytest.raises(AwsError, match=message):
        parse_template(body)
