"""The parts that read a project file: values and lines, layers and their origins, lines that show them, the schema."""

# ruff: noqa: E501  tables read best with one case per line

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from config.base import ConfigError
from config.models import ModelSpec
from config.project_file.layers import Layers, leaves
from config.project_file.reader import is_plain, parse, read
from config.project_file.schema import schema
from config.project_file.show import rows
from tests.config.project import TEXT, check, project

PATH = Path("folder/kennel.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        ("0", 0), ("-12", -12), ("+7", 7), ("10", 10),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-2.5E-3", -0.0025),
        ("word", "word"), ("1.2.3", "1.2.3"), ("2026-11-30", "2026-11-30"), ("nullable", "nullable"), ("trueish", "trueish"),
        ("'yes'", "yes"), ('"007"', "007"), ("'1'", "1"), ("|\n  two\n  lines", "two\nlines\n"), (">\n  on\n  one", "on one\n"),
        ("|-\n  1", "1"), (">-\n  no", "no"), ("|-\n  12:30", "12:30"),
        ("[1, [a]]", [1, ["a"]]), ("{b: 1}", {"b": 1}),
    ],
)  # fmt: skip
def test_a_value_is_read_as_yaml_1_2_has_it(text: str, value: Any) -> None:
    found = parse(f"a: {text}\n", PATH).values["a"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        *((text, f'write true or false, or "{text}" for the word') for text in ("yes", "No", "ON", "off", "y", "N")),
        *(
            (text, f'write "{text}", in quotes')
            for text in ("007", "-08", "+0_1", "0x1F", "0o17", "0b1", "1:30", "12:30:15.5")
        ),
        ("1_000", "write 1000"),
        ("-1_0_0", "write -100"),
    ],
)
def test_a_value_that_readers_take_for_different_things_is_refused(text: str, fix: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(f"# first\na: {text}\n", PATH)
    assert str(refused.value) == f"kennel.yaml:2: a is {text}, which YAML readers understand differently: {fix}"
    assert parse(f'a: "{text}"\n', PATH).values == {"a": text}


def test_every_key_and_item_has_its_line() -> None:
    document = parse("a:\n  b: 1\n\n  c:\n    - x\n    - y: 2\nd: [3]\n", PATH)
    assert document.lines == {
        ("a",): 1, ("a", "b"): 2, ("a", "c"): 4, ("a", "c", "0"): 5, ("a", "c", "1"): 6, ("a", "c", "1", "y"): 6,
        ("d",): 7, ("d", "0"): 7,
    }  # fmt: skip
    assert document.where(("a", "c", "1", "z", "deeper")) == "kennel.yaml:6"
    assert document.where(("nowhere",)) == document.where(()) == "kennel.yaml:1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "kennel.yaml is empty: write one with `kennel init`"),
        ("- a\n", "kennel.yaml:1: the file must begin with keys"),
        ("a: 1\nb: [\n", "kennel.yaml:3: this is not YAML: "),
        ("a: \x07\n", "kennel.yaml: this is not YAML: "),
        ("a: 1\nb: 2\na: 3\n", "kennel.yaml:3: a stands twice, first in line 1: keep one"),
        ("a:\n  ? [x]\n  : 1\n", "kennel.yaml:2: a has a key that is not one word: write a text"),
        ("a:\n  b: &x [*x]\n", "kennel.yaml:2: a.b.0 refers to itself"),
        ("a: !mine 3\n", "kennel.yaml:1: a has the tag !mine, which is not supported: leave it out"),
        (
            "x: &y {b: 1}\na:\n  <<: *y\n",
            "kennel.yaml:3: a has the key `<<`, which is not supported: write the values out",
        ),
    ],
)
def test_what_is_not_plain_yaml_names_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text, PATH)
    assert str(refused.value).startswith(words)


def test_a_list_that_is_used_twice_is_not_itself() -> None:
    assert parse("a: &x [1]\nb: *x\nc: *x\n", PATH).values == {"a": [1], "b": [1], "c": [1]}


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"a: \xe4\n")
    for path, words in (
        (tmp_path / "none", "does not exist"),
        (tmp_path, "cannot be read"),
        (tmp_path / "latin", "cannot be"),
    ):
        with pytest.raises(ConfigError, match=f"^{re.escape(str(path))} {words}"):
            read(path)


@pytest.mark.parametrize("text", ["word", "two words", "a-b", "(a)", "a:b", "a#b", "é"])
def test_a_plain_text_needs_no_quotes(text: str) -> None:
    assert is_plain(text) and parse(f"a: {text}\n", PATH).values == {"a": text}


@pytest.mark.parametrize(
    "text", ["yes", "007", "1", "1.5", "null", "true", "", "a: b", "a #b", "a:", "- a", "*a", "1_0", "1:2"]
)
def test_other_texts_need_them(text: str) -> None:
    assert not is_plain(text)


def test_a_layer_has_the_last_word_and_says_where_it_stands() -> None:
    layers = Layers()
    layers.add({"a": {"b": 1, "c": {"d": 2}}, "e": [1]}, lambda path: f"first {'.'.join(path)}")
    layers.add({"a": {"b": 3}, "e": [2, 3]}, lambda path: f"second {'.'.join(path)}")
    assert layers.values == {"a": {"b": 3, "c": {"d": 2}}, "e": [2, 3]}
    assert layers.origins == {("a", "b"): "second a.b", ("a", "c", "d"): "first a.c.d", ("e",): "second e"}
    assert layers.origin(("e", "1")) == "second e" and layers.origin(("a", "c", "d")) == "first a.c.d"
    assert layers.origin(("a",)) is None and layers.origin(("x", "y")) is None


def test_a_value_takes_the_place_of_keys_and_keys_of_a_value() -> None:
    layers = Layers()
    layers.add({"a": {"b": 1}, "c": 1}, lambda _: "first")
    layers.add({"a": None, "c": {"d": 2}}, lambda _: "second")
    assert layers.values == {"a": None, "c": {"d": 2}}
    assert layers.origins == {("a",): "second", ("c", "d"): "second"}


def test_what_is_forgotten_is_gone_with_all_below_it() -> None:
    layers = Layers()
    layers.add({"a": {"b": {"c": 1}, "d": 2}, "e": 3}, lambda _: "here")
    layers.forget(("a", "b"))
    layers.forget(("a", "x", "y"))
    layers.forget(("e", "f"))
    assert layers.values == {"a": {"d": 2}, "e": 3} and set(layers.origins) == {("a", "d"), ("e",)}
    assert list(leaves({"a": {}, "b": {"c": 1, "d": []}})) == [(("a",), {}), (("b", "c"), 1), (("b", "d"), [])]


@pytest.mark.parametrize("key", ["project", "environment", "datasets", "models"])
def test_an_environment_does_not_set_what_stands_at_the_top(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"kennel.yaml:8: environments.dev cannot set {key}: write it at the top"):
        check(("region: eu-central-1", f"{key}: x"))


@pytest.mark.parametrize("key", ["environments", "datasets", "models"])
@pytest.mark.parametrize(("value", "words"), [("", "is empty: write its keys"), (" 3", "is 3; write its keys"),
                                              (" {}", "is empty: write at least one key")])  # fmt: skip
def test_a_part_has_keys(key: str, value: str, words: str) -> None:
    text = re.sub(rf"^{key}:\n(  .*\n)+", f"{key}:{value}\n", TEXT, flags=re.MULTILINE)
    with pytest.raises(ConfigError, match=rf"kennel.yaml:\d+: {key} {words}"):
        project(text=text)


def test_default_models_have_the_line_of_their_key() -> None:
    found = project(("project: flowers", "project: flowers\ndefault_models: [flower-classifier]")).resolve("dev")
    assert found.layers.origin(("pipeline", "default_models")) == "kennel.yaml:2"
    assert found.config.default_models == ("flower-classifier",)
    with pytest.raises(
        ConfigError, match=r"kennel.yaml:2: pipeline.default_models has 'x'; choose from flower|.*has 'x'"
    ):
        project(("project: flowers", "project: flowers\ndefault_models: [x]")).config("dev")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("epochs: 20}", "epochs: 20}\n    precision: 3", "models.flower-classifier.precision is 3; "),
        ("layout: classes", "layout: classes, limits: {max_aspect_ratio: wide}", "limits.max_aspect_ratio is 'wide'; it must be "
         "a number"),
        ("layout: classes", "layout: classes, labels: [a]", "labels is ['a']; it must be keys with values"),
        ("region: eu-central-1", "studio: {enabled: 3}", "studio.enabled is 3; it must be true or false"),
        ("region: eu-central-1", "notify: x", "notify is 'x'; it must be a list"),
        ("region: eu-central-1", "region: 3", "region is 3; it must be an AWS region such as eu-central-1"),
        ("region: eu-central-1", "studio: {user_profiles: [3]}", "studio.user_profiles.0 is 3; it must be a text"),
        ("region: eu-central-1", "spot: {max_wait_seconds: 1.5}", "spot.max_wait_seconds is 1.5; it must be a whole number"),
        ("lr: {low: 0.001, high: 0.1, scale: log}", "epochs: {low: 1, high: x}", "space.epochs.high is 'x'; it must be a whole"),
        ("lr: {low: 0.001, high: 0.1, scale: log}", "lr: {values: [1]}", "space.lr.values is [1]; it must be "),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_told_in_the_words_of_the_file(old: str, new: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check((old, new))
    assert sentence in str(refused.value), str(refused.value)


def test_a_hint_never_names_what_the_file_says_by_its_key() -> None:
    for old, new in (
        ("layout: classes", "layout: classes, nam: x"),
        ("network: resnet18", "network: resnet18\n    nam: x"),
    ):
        with pytest.raises(ConfigError) as refused:
            check((old, new))
        assert "did you mean name" not in str(refused.value) and " name," not in str(refused.value)


def test_lines_are_indented_below_their_keys() -> None:
    found = [(row.text, row.origin) for row in rows(project().resolve("dev"), ("endpoint",))]
    assert found[:5] == [
        ("endpoint:", ""),
        ("  name: flowers-dev", "project and environment"),
        ("  enabled: false", "preset small"),
        ("  instance_type: ml.c7i.large", "kennel.yaml:9"),
        ("  min_instances: 1", "preset small"),
    ]
    assert ("  scaling:", "") in found and ("    invocations_per_instance: 600.0", "default") in found
    texts = [text for text, _ in found]
    assert texts.index("  rollout:") < texts.index("    kind: all_at_once")
    (row,) = rows(project().resolve("dev"), ("notify",))
    assert (row.text, row.origin) == ('notify: ["team@example.com"]', "kennel.yaml:2")
    for below, words in ((("endpoints",), "endpoints is not a key; did you mean endpoint?"),
                         (("region", "x"), "region.x is not a key; it has no keys")):  # fmt: skip
        with pytest.raises(ConfigError, match=re.escape(words)):
            rows(project().resolve("dev"), below)


def test_the_schema_is_one_of_project_files() -> None:
    found = schema()
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema" and found["title"] == "kennel.yaml"
    assert list(found["properties"]) == ["project", "notify", "default_models", "environments", "datasets", "models"]
    assert found["required"] == ["project", "environments", "datasets", "models"] and not found["additionalProperties"]
    for key in ("environments", "datasets", "models"):
        part = found["properties"][key]
        assert (part["type"], part["minProperties"]) == ("object", 1)
        assert re.fullmatch(part["propertyNames"]["pattern"], "my-name1") and not re.fullmatch(
            part["propertyNames"]["pattern"], "My"
        )
    environment = found["properties"]["environments"]["additionalProperties"]
    assert environment["required"] == ["preset"] and environment["additionalProperties"] is False
    assert environment["properties"]["preset"]["enum"] == ["laptop", "small", "strict"]
    assert not {"project", "environment", "datasets", "models"} & set(environment["properties"])
    definitions = found["$defs"]
    assert "required" not in definitions["JobCompute"] and definitions["ModelSpec"]["required"] == [
        "network",
        "dataset",
    ]
    for name in ("DatasetSpec", "ModelSpec"):
        properties = definitions[name]["properties"]
        assert "name" not in properties and properties["on"]["type"] == "object"
        assert properties["on"]["additionalProperties"]["properties"].keys() == properties.keys() - {"on"}
    for name in ("Continuous", "Integer"):
        assert definitions[name]["properties"]["scale"] == {"enum": ["auto", "linear", "log", "reverse-log"]}
        assert "kind" not in definitions[name]["properties"]
    assert definitions["Categorical"]["properties"]["values"]["items"] == {"type": ["string", "number"]}
    space = definitions["TuningSpec"]["properties"]["space"]["additionalProperties"]
    assert len(space["anyOf"]) == 3 and "oneOf" not in space and "discriminator" not in space


@pytest.mark.parametrize("value", ["weights", 3, ["weights"]])
def test_a_model_that_is_not_keys_with_values_is_a_mistake_of_the_file(value: Any) -> None:
    with pytest.raises(ValidationError):
        ModelSpec.model_validate(value)
