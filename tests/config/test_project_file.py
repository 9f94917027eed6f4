"""A project file over its presets: what is in force, where it comes from, and the schema for editors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml

import config
from config.base import LOCAL_ACCOUNT, ConfigError
from config.presets import PRESETS
from config.project_file.project import CLONE, FILE, Project, find
from config.project_file.reader import parse
from config.project_file.schema import schema
from config.project_file.show import rows, tree
from tests.config.project import TEXT, project


def test_names_carry_project_and_environment() -> None:
    dev = project().config("dev")
    assert (dev.prefix, dev.stack_prefix, dev.endpoint.name) == ("flowers-dev", "Flowers-Dev", "flowers-dev")
    assert project(("project: flowers", "project: my-flowers")).config("dev").stack_prefix == "MyFlowers-Dev"


def test_the_file_has_the_last_word_over_the_preset() -> None:
    dev = project(("instance_type: ml.c7i.large", "max_instances: 5")).config("dev")
    assert (dev.endpoint.instance_type, dev.endpoint.max_instances, dev.endpoint.min_instances) == (
        "ml.c7i.large",
        5,
        1,
    )
    assert (dev.account, dev.region, dev.notify) == ("111122223333", "eu-central-1", ("team@example.com",))


def test_an_environment_has_its_own_subscribers() -> None:
    other = project(("preset: small", "preset: small\n    notify: [ops@example.com]"))
    assert other.config("dev").notify == ("ops@example.com",)
    assert other.config("local").notify == ("team@example.com",)


def test_a_model_may_differ_in_one_environment() -> None:
    both = project(("weights: none", "weights: none, image: {resize: 72, crop: 64}, hyperparameters: {epochs: 3}"))
    local, dev = (both.config(name).model("flower-classifier") for name in ("local", "dev"))
    assert (local.pretrained, local.preprocessing.crop, local.epochs) == (False, 64, 3)
    assert (dev.pretrained, dev.preprocessing.crop, dev.epochs) == (True, 224, 20)


def test_another_range_replaces_the_whole_range() -> None:
    """Limits of the one kind must not stay beside values of the other."""
    changed = project(("weights: none", "search: {space: {lr: {values: [0.1, 0.2]}}}"))
    assert changed.config("local").model("flower-classifier").tuning.search_space["lr"].values == ("0.1", "0.2")


def test_a_search_can_be_taken_out_for_one_environment() -> None:
    assert project(("weights: none", "search: null")).config("local").model("flower-classifier").tuning is None


def test_a_range_is_of_the_kind_of_its_hyperparameter() -> None:
    text = TEXT.replace(
        "lr: {low: 0.001, high: 0.1, scale: log}", "epochs: {low: 2, high: 5}\n        momentum: {low: 0, high: 0.5}"
    )
    space = project(text=text).config("dev").model("flower-classifier").tuning.search_space
    assert {name: item.kind for name, item in space.items()} == {"epochs": "integer", "momentum": "continuous"}


def test_thresholds_of_a_data_set_reach_the_prepare_step() -> None:
    changed = project(
        ("layout: classes", "layout: classes, limits: {min_images: 20, max_pixels: 64000000}, split: {seed: 7}")
    )
    settings = changed.config("dev").dataset("flowers").settings()
    assert (settings["min_images_per_class"], settings["max_pixels"], settings["split_seed"]) == (20, 64_000_000, 7)


def test_default_models_are_those_of_the_first_data_set() -> None:
    more = "\n".join([TEXT, "  rose-classifier: {dataset: flowers, network: simple_cnn}", ""])
    assert project(text=more).config("dev").default_models == ("flower-classifier", "rose-classifier")


def test_a_network_without_pretrained_weights_starts_from_none() -> None:
    assert (
        project(("network: resnet18", "network: simple_cnn")).config("dev").model("flower-classifier").weights == "none"
    )


def test_the_file_is_read_as_utf_8_with_or_without_a_byte_order_mark(tmp_path) -> None:
    path = tmp_path / FILE
    path.write_text(
        TEXT.replace("layout: classes", "layout: classes, labels: {gänseblümchen: daisy}"), encoding="utf-8-sig"
    )
    assert Project.load(path).config("dev").dataset("flowers").labels == {"gänseblümchen": "daisy"}


def test_a_file_is_found_from_the_folders_below_it(tmp_path, monkeypatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / FILE).write_text(TEXT)
    assert find(tmp_path / "a" / "b") == tmp_path / FILE
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert Project.load().path == tmp_path / FILE
    assert Project.load(tmp_path).name == "flowers"


def test_where_no_file_is_the_fix_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no kennel.yaml in .* or above: write one with `kennel init`"):
        Project.load()
    with pytest.raises(ConfigError, match="nowhere does not exist: write one with `kennel init`"):
        Project.load(tmp_path / "nowhere")


def test_one_file_serves_two_accounts() -> None:
    two = project(("  dev:", '  west: {preset: small, account: "444455556666", region: us-west-2}\n  dev:'))
    assert [(two.config(name).account, two.config(name).region) for name in ("west", "dev")] == [
        ("444455556666", "us-west-2"), ("111122223333", "eu-central-1"),
    ]  # fmt: skip


class TestShow:
    def test_each_value_says_where_it_comes_from(self) -> None:
        found = {".".join(row.path): row.origin for row in rows(project().resolve("dev"))}
        assert found["project"] == "kennel.yaml:1"
        assert found["environment"] == "kennel.yaml:5"
        assert found["endpoint.instance_type"] == "kennel.yaml:9"
        assert found["endpoint.min_instances"] == "preset small"
        assert found["endpoint.server.max_queue"] == "default"
        assert found["endpoint.name"] == "project and environment"
        assert found["models.flower-classifier.weights"] == "default"
        local = {".".join(row.path): row.origin for row in rows(project().resolve("local"))}
        assert local["models.flower-classifier.weights"] == "kennel.yaml:21"

    def test_a_part_can_be_asked_for(self) -> None:
        [*_, row] = rows(project().resolve("dev"), ("endpoint", "instance_type"))
        assert row.text.strip() == "instance_type: ml.c7i.large"
        with pytest.raises(ConfigError, match=r"endpoint.instance_typ is not a key; did you mean instance_type"):
            rows(project().resolve("dev"), ("endpoint", "instance_typ"))

    @pytest.mark.parametrize("environment", ["local", "dev", "prod"])
    def test_what_it_prints_is_a_file_that_means_the_same(self, environment, tmp_path) -> None:
        resolved = Project.load(CLONE).resolve(environment)
        lines = "\n".join(row.text for row in rows(resolved))
        shown = yaml.safe_load(lines.replace("scale: Logarithmic", "scale: log"))
        assert shown["models"] == json.loads(json.dumps(tree(resolved)["models"]).replace('"Logarithmic"', '"log"'))
        top = {key: shown.pop(key) for key in ("project", "datasets", "models")}
        name = shown.pop("environment")
        path = tmp_path / FILE
        path.write_text(json.dumps({**top, "environments": {name: shown}}, ensure_ascii=False))
        assert Project.load(path).config(name) == resolved.config


class TestSchema:
    def test_it_takes_the_files_that_are_sound(self) -> None:
        for text in ((CLONE / FILE).read_text(), TEXT):
            jsonschema.validate(_plain(text), schema())

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("network: resnet18", "netwrk: resnet18"), ("resnet18", "resnet81"), ("preset: small", "preset: smal"),
            ("layout: classes", "layout: class"), ("project: flowers", "projet: flowers"), ("scale: log", "scale: 3"),
        ],
    )  # fmt: skip
    def test_it_refuses_a_typing_mistake(self, old: str, new: str) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(_plain(TEXT.replace(old, new, 1)), schema())

    def test_it_is_a_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(schema())


def _plain(text: str) -> dict:
    return parse(text, Path(FILE)).values


def test_the_clone_declares_the_four_kinds_in_each_environment() -> None:
    clone = Project.load(CLONE)
    assert (clone.name, clone.environments) == ("kennel", ("local", "rehearsal", "dev", "prod"))
    for environment in clone.environments:
        models = config.load(environment).models
        assert [(model.name, model.architecture) for model in models] == [
            ("cat-dog-classifier", "simple_cnn"), ("dog-breed-classifier", "resnet18"),
            ("dog-breed-classifier-mobile", "mobilenet_v3_small"), ("dog-breed-resnet50", "resnet50"),
        ]  # fmt: skip
    assert config.load("prod").strict and not config.load("dev").strict
    accounts = [config.load(environment).account for environment in clone.environments]
    assert accounts == [LOCAL_ACCOUNT, LOCAL_ACCOUNT, None, None], (
        "whatever the preset, the local cloud has one account"
    )


def test_every_preset_is_sound(tmp_path) -> None:
    for preset in PRESETS:
        text = TEXT.replace("  local: {preset: laptop}", f"  local: {{preset: {preset}}}").replace(
            "on:\n      local", "on:\n      dev"
        )
        assert project(text=text).config("local").preset == preset


def test_the_clone_can_be_copied_and_used_from_elsewhere(tmp_path) -> None:
    shutil.copy(CLONE / FILE, tmp_path)
    assert Project.load(tmp_path).config("dev") == config.load("dev")
