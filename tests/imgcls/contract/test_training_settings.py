"""Hyperparameters: one line declares one, typed settings and plain values say the same, mistakes are named."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from imgcls.contract import hyperparameters
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.head_search import HeadSearch
from imgcls.contract.hyperparameters import HYPERPARAMETERS, HyperparameterError, encode, lookup
from imgcls.contract.model_serving import ModelServing
from imgcls.contract.optimization import Optimization
from imgcls.contract.profiling import ProfileSettings
from imgcls.contract.settings_group import Group, option
from imgcls.contract.training_settings import Data, Head, TrainingSettings

IMGCLS = Path(hyperparameters.__file__).parents[1]
GIVEN = {
    "architecture": "simple_cnn",
    "pretrained": "false",
    "batch-size": '"32"',
    "lr": "0.1",
    "labels": {"Lying": "flat"},
    "preprocessing": '{"crop": 32, "resize": 36}',
    "head-search": '{"trials": 5, "space": {"lr": [0.01, 0.1], "batch-size": [8]}}',
    "debug": {"interval": 3, "rules": {"dead-relu": {"threshold": 0.5, "action": "stop"}, "overfitting": {}}},
    "profile": '{"wait": 1}',
    "serving": {"response_format": "array"},
}

NEW_LINE = '    look_ahead: int = option(3, "steps to look ahead", low=1, high=9, tunable=True, resume_safe=True)\n'
PROBE = """\
import json
from imgcls.contract.hyperparameters import BY_NAME, HyperparameterError, decode, encode
from imgcls.contract.training_settings import TrainingSettings
from imgcls.training.command_line import parse

paths, passed = parse(["--train", "a", "--validation", "b", "--look-ahead", "5"], {}, "Train.")
settings = TrainingSettings.from_hyperparameters(passed)
try:
    encode({"look-ahead": 10})
except HyperparameterError as error:
    refused = str(error)
print(json.dumps({
    "passed": passed, "typed": settings.optimization.look_ahead, "default": TrainingSettings().optimization.look_ahead,
    "flat": settings.to_hyperparameters()["look-ahead"], "encoded": encode({"look-ahead": 7}),
    "decoded": decode({"look-ahead": "7"}), "refused": refused, "tunable": BY_NAME["look-ahead"].tunable,
    "part of the identity": "look-ahead" in settings.identity(),
}))
parse(["--help"], {}, "Train.")
"""


def test_a_new_hyperparameter_is_one_line(tmp_path):
    for part in ("__init__.py", "training/__init__.py", "training/command_line.py"):
        (tmp_path / "imgcls" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(IMGCLS / part, tmp_path / "imgcls" / part)
    shutil.copytree(IMGCLS / "contract", tmp_path / "imgcls" / "contract")
    declarations = tmp_path / "imgcls" / "contract" / "optimization.py"
    before, lr, after = declarations.read_text().partition("    lr: float")
    declarations.write_text(before + NEW_LINE + lr + after)

    result = subprocess.run([sys.executable, "-c", PROBE], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found, help_page = result.stdout.split("\n", 1)
    assert json.loads(found) == {
        "passed": {"look-ahead": "5"}, "typed": 5, "default": 3, "flat": 5, "encoded": {"look-ahead": "7"},
        "decoded": {"look-ahead": 7}, "refused": "look-ahead is 10; it must be between 1 and 9", "tunable": True,
        "part of the identity": False,
    }  # fmt: skip
    optimization = help_page.split("\noptimization:\n")[1].split("\n\n")[0]
    assert "--look-ahead N " in optimization and "steps to look ahead (default: 3)" in optimization


def test_values_are_typed_by_group():
    settings = TrainingSettings.from_hyperparameters(GIVEN)
    assert settings.network.architecture == "simple_cnn" and settings.network.pretrained is False
    assert settings.optimization == Optimization(batch_size=32, lr=0.1)
    assert settings.data == Data(preprocessing=Preprocessing(crop=32, resize=36), labels={"Lying": "flat"})
    search = settings.head.head_search
    assert isinstance(search, HeadSearch) and (search.trials, search.space["lr"]) == (5, (0.01, 0.1))
    assert settings.records.profile == ProfileSettings(wait=1) and settings.records.debug.interval == 3
    assert settings.artifact.serving == ModelServing(response_format="array")


@pytest.mark.parametrize("given", [{}, GIVEN, *({name: value} for name, value in GIVEN.items())])
def test_settings_and_plain_values_say_the_same(given):
    settings = TrainingSettings.from_hyperparameters(given)
    plain = settings.to_hyperparameters()
    assert list(plain) == [item.name for item in HYPERPARAMETERS]
    assert TrainingSettings.from_hyperparameters(plain) == settings
    assert TrainingSettings.from_hyperparameters(encode(plain)) == settings
    changed = {name for name, value in plain.items() if value != lookup(name).default}
    assert changed == set(given)


def test_what_stays_at_its_default_is_not_written_out():
    plain = TrainingSettings.from_hyperparameters(GIVEN).to_hyperparameters()
    assert plain["debug"] == GIVEN["debug"] and plain["profile"] == {"wait": 1} and plain["labels"] == GIVEN["labels"]
    assert plain["head-search"]["space"] == {"lr": [0.01, 0.1], "batch-size": [8]}


def test_a_search_of_defaults_only_is_a_search():
    settings = TrainingSettings.from_hyperparameters({"head-search": '{"trials": 20}'})
    assert settings.head == Head(head_search=HeadSearch()) != Head()
    assert TrainingSettings.from_hyperparameters({"head-search": "{}"}).head.head_search is None


def test_every_hyperparameter_has_one_name_a_good_default_and_a_help():
    assert len(hyperparameters.BY_NAME) == len(HYPERPARAMETERS) == 32
    for item in HYPERPARAMETERS:
        assert item.parse(item.format(item.default)) == item.default and item.help, item.name


def test_only_what_the_weights_depend_on_tells_runs_apart():
    def identity(**values):
        given = {name.replace("_", "-"): value for name, value in values.items()}
        return TrainingSettings.from_hyperparameters(given).identity()

    same = identity()
    assert identity(num_workers=3, patience=1, test_batch_size=9) == same
    assert identity(debug={"interval": 1}, profile={"wait": 1}, serving={"precision": "bf16"}) == same
    for other in ({"lr": 0.2}, {"labels": {"a": "b"}}, {"head_search": {"trials": 3}}, {"compile": True}):
        assert identity(**other) != same, other


def test_a_copy_with_other_values_is_checked():
    changed = Optimization(epochs=3).changed({"batch-size": 16, "optimizer": "adamw"})
    assert changed == replace(Optimization(), epochs=3, batch_size=16, optimizer="adamw")
    with pytest.raises(HyperparameterError, match=r"lr is 11\.0; it must be between"):
        Optimization().changed({"lr": 11})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"learning-rate": 1}, "learning-rate is not a hyperparameter; choose from architecture, .*, lr, "),
        ({"epochs": "many"}, "epochs is 'many'; it must be a whole number"),
        ({"epochs": 0}, "epochs is 0; it must be between 1 and 1000"),
        ({"patience": -1}, "patience is -1; it must be at least 0"),
        ({"compile": "perhaps"}, "compile is 'perhaps'; it must be true or false"),
        ({"optimizer": "adam"}, "optimizer is 'adam'; it must be one of sgd, adamw"),
        ({"architecture": "vgg16"}, "architecture is 'vgg16'; it must be one of simple_cnn"),
        ({"labels": "a=b"}, "labels is 'a=b'; it must be a JSON object"),
        ({"labels": {"Lying": 3}}, "labels maps 'Lying' to 3; a label must be a text"),
        ({"preprocessing": {"crops": 3}}, r"preprocessing has unknown fields \['crops'\]"),
        ({"serving": {"format": "full"}}, "serving has no 'format'; choose from response_format, precision"),
        ({"serving": {"precision": "fp16"}}, "serving.precision is 'fp16'; it must be one of fp32, bf16, int8"),
        ({"profile": {"wait": -1}}, "profile.wait is -1; it must be a whole number between 0 and"),
        ({"head-search": {"trials": 1}}, "head-search.trials is 1; it must be between 2 and 1000"),
    ],
)
def test_a_mistake_names_the_hyperparameter_and_what_it_may_be(given, message):
    with pytest.raises(HyperparameterError, match=message):
        TrainingSettings.from_hyperparameters(given)
    with pytest.raises(HyperparameterError, match=message):
        encode(given)


def test_a_value_that_the_service_would_not_carry_is_refused():
    labels = {f"class {number}": "a label" for number in range(200)}
    with pytest.raises(HyperparameterError, match=r"labels has \d+ characters; the service takes at most 2500"):
        encode({"labels": labels})


def test_a_field_that_declares_nothing_is_a_bug_found_at_once():
    @dataclass(frozen=True)
    class Bare(Group):
        depth: int = 3

    @dataclass(frozen=True)
    class Listed(Group):
        depths: tuple[int, ...] = option((1, 2), "several numbers")

    with pytest.raises(TypeError, match="depth has neither a default nor a help"):
        Bare.hyperparameters()
    with pytest.raises(TypeError, match="depths is neither a number, a text nor true or false"):
        Listed.hyperparameters()
