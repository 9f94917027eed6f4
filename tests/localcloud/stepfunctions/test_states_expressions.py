"""Paths, intrinsic functions and payload templates, against what AWS documents."""

import re

import pytest

from localcloud.stepfunctions.asl import intrinsics, json_path
from localcloud.stepfunctions.asl.errors import ExpressionError, PathNotFound, StatesError
from localcloud.stepfunctions.asl.scope import Scope

DOCUMENT = {
    "a": [{"b": 1, "c": [10, 20]}, {"b": 2, "c": [30]}],
    "name": "kennel",
    "key with.dot": {"x": None},
    "metrics": [{"Name": "acc", "Value": 0.9}, {"Name": "loss", "Value": 0.1}],
    "empty": [],
    "flag": True,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$", DOCUMENT),
        ("$.name", "kennel"),
        ("$['name']", "kennel"),
        ("$.a[0].b", 1),
        ("$.a[1].c[0]", 30),
        ("$.a[-1].b", 2),
        ("$['key with.dot'].x", None),
        ("$.a[*].b", [1, 2]),
        ("$.a[0:1].b", [1]),
        ("$.a[0].c[1:]", [20]),
        ("$.a[0,1].b", [1, 2]),
        ("$..b", [1, 2]),
        ("$.empty[*]", []),
        ("$.empty[*].b", []),
        ("$.metrics[?(@.Name == 'acc')].Value", [0.9]),
        ("$.metrics[?(@.Value > 0.05 && @.Name != 'acc')].Name", ["loss"]),
        ("$.metrics[?(@.Missing)]", []),
        ("$.metrics[?(!(@.Value < 0.5) || @.Name == 'loss')].Name", ["acc", "loss"]),
    ],
)
def test_path_selects(text, expected):
    assert json_path.parse(text).find(DOCUMENT) == expected


@pytest.mark.parametrize("text", ["$.nothing", "$.a[5]", "$.name.x", "$.nothing[*]", "$.a[0].z"])
def test_path_that_selects_nothing(text):
    with pytest.raises(PathNotFound):
        json_path.parse(text).find(DOCUMENT)


@pytest.mark.parametrize("text", ["name", "$.", "$.a[", "$.a[x]", "$.a.length()", "$.a[?(@.b ==)]", "$ .a"])
def test_text_that_is_not_a_path(text):
    with pytest.raises(ExpressionError):
        json_path.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$", 7),
        ("$.x", {"a": [1, 2], "x": 7}),
        ("$.x.y", {"a": [1, 2], "x": {"y": 7}}),
        ("$.a[1]", {"a": [1, 7]}),
    ],
)
def test_put_at_a_reference_path(text, expected):
    assert json_path.put({"a": [1, 2]}, json_path.parse_reference(text), 7) == expected


INTRINSICS = [
    ("States.Format('{}-{}', $.name, 3)", "kennel-3"),
    ("States.Format('{} is {} and {}', $.name, true, null)", "kennel is true and null"),
    (r"States.Format('it\'s \{\} {}', 1.5)", "it's {} 1.5"),
    ("States.Format('{}', $.empty)", "[]"),
    ("States.Format('no places')", "no places"),
    ("States.Format($.template, 'x')", "<x>"),
    ("States.StringToJson('{\"a\": [1]}')", {"a": [1]}),
    ("States.JsonToString($.small)", '{"b":[1,"é"]}'),
    ("States.Array(1, 'a', null, $.flag)", [1, "a", None, True]),
    ("States.Array()", []),
    ("States.ArrayPartition(States.ArrayRange(1, 5, 1), 2)", [[1, 2], [3, 4], [5]]),
    ("States.ArrayContains($.numbers, 2)", True),
    ("States.ArrayContains($.numbers, '2')", False),
    ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
    ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
    ("States.ArrayGetItem($.numbers, 1)", 2),
    ("States.ArrayLength($.numbers)", 3),
    ("States.ArrayUnique(States.Array(1, 1, true, 'a', 'a'))", [1, True, "a"]),
    ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
    ("States.Base64Decode('RGVjb2RlZCBkYXRh')", "Decoded data"),
    ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
    ("States.JsonMerge($.first, $.second, false)", {"a": {"c": 2}, "b": 1, "d": 3}),
    ("States.MathAdd(111, -1)", 110),
    ("States.MathAdd(1.5, 1)", 3),
    ("States.StringSplit('1,2,3', ',')", ["1", "2", "3"]),
    ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
    ("States.StringSplit('a  b', ' ')", ["a", "b"]),
    ("States.ArrayGetItem(States.StringSplit($.uri, '/'), 1)", "key"),
    ("States.Format('{}', States.MathAdd(States.ArrayLength($.list[*].v), 1))", "3"),
    ("States.Format('{}', $.list[?(@.v == ')')].v)", "[]"),
]
VALUES = {
    "name": "kennel",
    "template": "<{}>",
    "empty": [],
    "flag": True,
    "small": {"b": [1, "é"]},
    "numbers": [1, 2, 3],
    "first": {"a": {"b": 1}, "b": 1},
    "second": {"a": {"c": 2}, "d": 3},
    "uri": "bucket/key",
    "list": [{"v": 1}, {"v": 2}],
}


@pytest.mark.parametrize(("text", "expected"), INTRINSICS)
def test_intrinsic_function(text, expected):
    result = Scope(VALUES, {}).evaluate(text, "field.$")
    assert (result, type(result)) == (expected, type(expected))


def test_random_numbers_and_identifiers():
    data = Scope({}, {})
    drawn = {data.evaluate("States.MathRandom(1, 4)", "") for _ in range(100)}
    assert drawn == {1, 2, 3}
    assert data.evaluate("States.MathRandom(1, 999, 5)", "") == data.evaluate("States.MathRandom(1, 999, 5)", "")
    assert re.fullmatch(r"[0-9a-f-]{36}", data.evaluate("States.UUID()", ""))


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('{} {}', 1)",
        "States.StringToJson('{')",
        "States.ArrayPartition($.numbers, 0)",
        "States.ArrayRange(1, 2000, 1)",
        "States.ArrayGetItem($.numbers, 3)",
        "States.ArrayLength('text')",
        "States.JsonMerge($.first, $.second, true)",
        "States.MathAdd('1', 2)",
        "States.Hash('x', 'CRC')",
        "States.MathAdd(1)",
    ],
)
def test_intrinsic_that_fails(text):
    with pytest.raises(StatesError) as failure:
        Scope(VALUES, {}).evaluate(text, "field.$")
    assert failure.value.error == "States.IntrinsicFailure"
    assert text in failure.value.cause


@pytest.mark.parametrize(
    "text",
    ["States.Nothing(1)", "States.Format('a'", "States.Format('a') x", "States.Format(name)", "States.Format('a' 'b')"],
)
def test_text_that_is_not_an_intrinsic_function(text):
    with pytest.raises(ExpressionError):
        intrinsics.parse(text)


def test_template_fills_paths_everywhere_and_leaves_constants():
    context = {"Execution": {"Name": "run"}}
    template = {"a.$": "$.list[0].v", "b": [{"c.$": "$$.Execution.Name"}], "d": {"e": "$.name"}}
    assert Scope(VALUES, context).fill(template) == {"a": 1, "b": [{"c": "run"}], "d": {"e": "$.name"}}


def test_missing_path_is_named_with_its_field_and_the_input():
    with pytest.raises(StatesError) as failure:
        Scope({"x": 1}, {}).fill({"y.$": "$.z"})
    assert failure.value.error == "States.Runtime"
    assert failure.value.cause == (
        "The JSONPath '$.z' specified for the field 'y.$' could not be found in the input '{\"x\": 1}'"
    )
