"""One environment as a whole: what its parts demand of each other, exactly where it turns."""

# ruff: noqa: E501  tables read best with one case per line

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

import config
from config.app import AppConfig
from config.base import nearest
from config.compute import JobCompute
from config.datasets import DatasetSpec, Split
from config.platform import ImagesConfig
from tests.config.project import project

DEV = config.load("dev").model_dump()


def changed(**parts: Any) -> AppConfig:
    """The dev environment with other parts."""
    merged = {name: {**DEV[name], **part} if isinstance(part, dict) else part for name, part in parts.items()}
    return AppConfig.model_validate({**DEV, **merged})


def refusal(**parts: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        changed(**parts)
    (error,) = refused.value.errors()
    return str(error["msg"]).removeprefix("Value error, ")


def test_models_and_data_sets_are_found_by_name() -> None:
    dev = config.load("dev")
    for name in ("dog-breed-resnet50", "cat-dog-classifier"):
        assert dev.model(name).name == name
    for name in ("dog-breeds", "cats-dogs"):
        assert dev.dataset(name).name == name


def test_names_are_made_of_project_and_environment() -> None:
    found = changed(project="my-own-flowers")
    assert (found.prefix, found.stack_prefix) == ("my-own-flowers-dev", "MyOwnFlowers-Dev")
    assert found.state_machine_name == "my-own-flowers-dev-pipeline"
    assert (found.strict, config.load("prod").strict) == (False, True)


def test_a_run_that_names_no_model_trains_those_that_are_said_or_those_of_the_first_data_set() -> None:
    assert changed(pipeline={"default_models": ("dog-breed-resnet50",)}).default_models == ("dog-breed-resnet50",)
    assert changed(pipeline={"default_models": ()}).default_models == ("cat-dog-classifier",)
    mixed = ("dog-breed-resnet50", "cat-dog-classifier")
    assert refusal(pipeline={"default_models": mixed}).startswith(
        "pipeline.default_models uses the data sets cats-dogs, dog-breeds: "
    )
    assert refusal(pipeline={"default_models": ("rose",)}).startswith(
        "pipeline.default_models has 'rose'; choose from cat-"
    )


@pytest.mark.parametrize("kind", ["models", "datasets"])
def test_names_are_unique(kind: str) -> None:
    assert refusal(**{kind: (*DEV[kind], DEV[kind][1])}).startswith(f"{kind} has {DEV[kind][1]['name']} twice: ")


def test_a_models_data_set_is_configured() -> None:
    models = ({**DEV["models"][0], "dataset": "rose"}, *DEV["models"][1:])
    assert refusal(models=models).endswith(".dataset is 'rose'; choose from cats-dogs, dog-breeds")


@pytest.mark.parametrize("address", ["team", "@example.com", "team@", "a@b@c", "a team@example.com", ""])
def test_whom_to_notify_has_an_address(address: str) -> None:
    assert refusal(notify=("ok@example.com", address)).startswith(f"{address!r} is not an e-mail address")


def test_nobody_is_notified_twice() -> None:
    assert refusal(notify=("a@b.org", "a@b.org")) == "'a@b.org' stands there twice: leave one out"


def test_a_spot_job_may_wait_as_long_as_it_may_run() -> None:
    spot = {"enabled": True, "max_wait_seconds": 14400}
    assert changed(spot=spot).training.max_runtime_seconds == 14400
    assert refusal(spot={**spot, "max_wait_seconds": 14399}).startswith("spot.max_wait_seconds (14399) is below ")
    assert changed(spot={"enabled": False, "max_wait_seconds": 60}).spot.max_wait_seconds == 60


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"evaluation": {"instance_count": 2}}, "evaluation.instance_count (2) must be 1"),
        ({"preparation": {"instance_type": "ml.g5.xlarge"}}, "preparation.instance_type is ml.g5.xlarge, "),
        ({"evaluation": {"instance_type": "ml.g5.xlarge"}}, "evaluation.instance_type is ml.g5.xlarge, "),
        ({"endpoint": {"instance_type": "ml.g5.xlarge"}}, "instance_type ml.g5.xlarge has a GPU"),
        ({"endpoint": {"min_instances": 3}}, "max_instances (2) is below min_instances (3)"),
        ({"endpoint": {"rollout": {"kind": "linear"}}}, "rollout.kind linear needs min_instances of at least 2"),
        ({"endpoint": {"data_capture": True}}, "data_capture is not available"),
        ({"pipeline": {"publish": {"approval": True}}}, "approval by a person is not available"),
        ({"pipeline": {"sagemaker_debugger": "rules"}, "region": "il-central-1"}, "pipeline.sagemaker_debugger is rules"),
        ({"cloud": "local", "account": "123456789012", "region": "us-west-2"}, "region is us-west-2, and the local "),
        ({"cloud": "local", "account": "210987654321"}, "account is 210987654321, and the local cloud "),
        ({"cloud": "local", "account": "123456789012", "images": {"source": "docker"}}, "images.source is docker, "),
        ({"cloud": "local", "account": "123456789012", "pipeline": {"sagemaker_debugger": "rules"}},
         "pipeline.sagemaker_debugger is rules, and the local cloud"),
        ({"preset": "strict"}, "storage.retain must be true with preset strict"),
        ({"preset": "strict", "storage": {"retain": True}, "pipeline": {"isolate": False}}, "pipeline.isolate must be "),
        ({"preset": "strict", "storage": {"retain": True}, "endpoint": {"isolate": False}}, "endpoint.isolate must be "),
        ({"preset": "strict", "storage": {"retain": True}}, "endpoint.min_instances (1) must be at least 2"),
        ({"preset": "strict", "storage": {"retain": True}, "endpoint": {"min_instances": 2}},
         "pipeline.publish.stable_key must be false"),
        ({"preset": "strict", "storage": {"retain": True}, "endpoint": {"min_instances": 2, "rollout": {"kind": "canary"}},
          "pipeline": {"publish": {"stable_key": False}}}, "notify must have an address or a topic with preset strict: "),
        ({"studio": {"enabled": True}}, "studio.vpc_only needs network.interface_endpoints: in a network without a way"),
        ({"network": {"zone_ids": ["use1-az1"]}}, "zone_ids must be 2 to 6 different zones"),
        ({"network": {"zone_ids": ["use1-az1", "use1-az1"]}}, "zone_ids must be 2 to 6 different zones"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused(parts: dict[str, Any], words: str) -> None:
    assert refusal(**parts).startswith(words)


def test_parts_that_just_fit_are_taken() -> None:
    strict = changed(
        preset="strict",
        storage={"retain": True},
        endpoint={"min_instances": 2, "rollout": {"kind": "canary"}},
        pipeline={"publish": {"stable_key": False}},
        notify=["ml@company.com"],
    )
    assert changed(studio={"enabled": True}, network={"interface_endpoints": True}).studio.vpc_only
    assert changed(studio={"enabled": True, "vpc_only": False}).studio.enabled
    assert changed(network={"zone_ids": ["use1-az1", "use1-az4", "use1-az6"]}).network.zone_count == 3
    assert strict.strict and strict.endpoint.max_instances == 2
    assert changed(pipeline={"sagemaker_debugger": "profiler"}).region == "us-east-1"
    assert changed(cloud="local", account="123456789012").images.source == "codebuild"


@pytest.mark.parametrize(
    ("instance_type", "taken"),
    [("ml.c7i.large", True), ("ml.m8i.large", True), ("ml.m5.large", False), ("ml.c6i.large", False)],
)
def test_bf16_is_served_where_the_processor_has_it(instance_type: str, taken: bool) -> None:
    models = ({**DEV["models"][0], "precision": "bf16"}, *DEV["models"][1:])
    endpoint = {"instance_type": instance_type}
    if taken:
        assert changed(models=models, endpoint=endpoint).models[0].precision == "bf16"
    else:
        assert refusal(models=models, endpoint=endpoint).startswith(
            "models.cat-dog-classifier.precision is bf16, which "
        )
    assert changed(endpoint=endpoint).models[0].precision == "fp32"


@pytest.mark.parametrize(
    ("values", "distributed"),
    [
        ({"instance_type": "ml.m5.xlarge"}, False),
        ({"instance_type": "ml.m5.xlarge", "instance_count": 2}, True),
        ({"instance_type": "ml.g5.xlarge"}, False),
        ({"instance_type": "ml.g5.12xlarge"}, True),
        ({"instance_type": "ml.g5.xlarge", "fallback_instance_types": ["ml.g5.12xlarge"]}, True),
        ({"instance_type": "ml.g5.xlarge", "fallback_instance_types": ["ml.g4dn.xlarge"]}, False),
    ],
)
def test_several_processes_train_on_several_instances_or_gpus(values: dict[str, Any], distributed: bool) -> None:
    compute = JobCompute.model_validate(values)
    assert compute.is_distributed is distributed
    assert compute.types == (values["instance_type"], *values.get("fallback_instance_types", ()))


@pytest.mark.parametrize(
    ("first", "other", "words"),
    [
        ("ml.m5.xlarge", "ml.m5d.xlarge", "whose local storage differs from ml.m5.xlarge"),
        ("ml.p3.2xlarge", "ml.m5.xlarge", "is of the other kind"),
        ("ml.g5.xlarge", "ml.m5d.xlarge", "is of the other kind"),
    ],
)
def test_a_fallback_is_like_the_first(first: str, other: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        JobCompute(instance_type=first, fallback_instance_types=(first, other))


@pytest.mark.parametrize(("test", "taken"), [(0.15, True), (0.1500009, True), (0.150002, False), (0.1, False)])
def test_shares_make_a_whole(test: float, taken: bool) -> None:
    if taken:
        assert Split(test=test).test == test
    else:
        with pytest.raises(ValidationError, match=r"train \+ validation \+ test is .*; it must be 1"):
            Split(test=test)


def test_a_data_set_says_only_what_is_configured() -> None:
    spec = DatasetSpec.model_validate(
        {"name": "d", "layout": "classes", "limits": {"min_images": 3}, "split": {"seed": 7}}
    )
    values = spec.settings()
    assert "max_short_side" not in values and "limits" not in values
    assert (values["min_images_per_class"], values["split_seed"]) == (3, 7)
    assert values["split"] == {"train": 0.7, "validation": 0.15, "test": 0.15}
    with pytest.raises(ValidationError, match="'D' is not a data set name"):
        DatasetSpec(name="D", layout="classes")


URIS = {"jobs_uri": "j", "serving_uri": "s"}


@pytest.mark.parametrize("name", URIS)
def test_given_images_belong_together(name: str) -> None:
    assert ImagesConfig(source="uri", **URIS).training_uri is None
    with pytest.raises(ValidationError, match=f"{name} is missing: source `uri` takes given images"):
        ImagesConfig(source="uri", **{key: value for key, value in URIS.items() if key != name})
    for source in ("codebuild", "docker"):
        with pytest.raises(ValidationError, match=f"{name} is given, but source is {source}: "):
            ImagesConfig(source=source, **{name: "x"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("netwrk", "did you mean network?"),
        ("NETWORK", "did you mean network?"),
        ("image", "did you mean images?"),
        ("xyz", "choose from network, images"),
        ("nets", "choose from network, images"),
    ],
)
def test_the_nearest_word_is_named_where_one_is_near(word: str, hint: str) -> None:
    assert nearest(word, iter(["network", "images"])) == hint


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("ml@example.com", False),
        ("ml@mail.example.org", False),
        ("ml@team.test", False),
        ("ml@EXAMPLE.net", False),
        ("ml@myexample.com", True),
        ("ml@example.com.de", True),
    ],
)
def test_addresses_that_nobody_can_confirm_are_known(address: str, reachable: bool) -> None:
    assert changed(notify=[address]).unreachable == (() if reachable else (address,))


@pytest.mark.parametrize(
    "expression",
    ["rate(1 days)", "rate(5 day)", "rate(0 days)", "every day", "cron(0 3 * * *)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)"],
)  # fmt: skip
def test_what_is_not_a_schedule_is_refused_with_examples(expression: str) -> None:
    assert refusal(pipeline={"schedule": {"expression": expression}}).startswith(f"{expression!r} is not a schedule")


@pytest.mark.parametrize("expression", ["rate(1 day)", "rate(10 days)", "cron(0 3 ? * SUN *)", "cron(0 3 1 * ? *)"])
def test_a_schedule(expression: str) -> None:
    assert changed(pipeline={"schedule": {"expression": expression}}).pipeline.schedule.expression == expression


def test_zones_of_another_region_are_refused() -> None:
    zones = {"zone_ids": ["use1-az4", "use1-az6"]}
    assert refusal(region="eu-central-1", network=zones) == (
        "network.zone_ids has use1-az4, and the zones of eu-central-1 are named like euc1-az1: choose from those, or "
        "correct region"
    )
    assert "has use2-az1" in refusal(region="us-east-1", network={"zone_ids": ["use1-az1", "use2-az1"]})
    assert changed(region="eu-central-1", network={"zone_ids": ["euc1-az1", "euc1-az3"]}).network.zone_count == 2
    assert changed(region="eusc-de-east-1", network={"zone_ids": ["eusc1-az1", "eusc1-az2"]}).network.zone_count == 2


def test_a_laptop_needs_nobody_to_confirm() -> None:
    assert changed(preset="laptop", cloud="local", account=None, notify=["ml@example.com"]).unreachable == ()
    assert changed(cloud="local", notify=["ml@example.com"]).unreachable == ("ml@example.com",)


def test_an_existing_topic_takes_the_place_of_addresses() -> None:
    arn = "arn:aws:sns:us-east-1:111122223333:alarms"
    found = changed(notify=[arn])
    assert (found.topic, found.unreachable) == (arn, ())
    assert changed(notify=["a@b.com"]).topic is None
    strict = {"preset": "strict", "storage": {"retain": True}, "pipeline": {"publish": {"stable_key": False}}}
    endpoint = {"min_instances": 2, "rollout": {"kind": "canary"}}
    assert changed(**strict, endpoint=endpoint, notify=[arn]).strict


def test_studio_may_be_on_in_an_existing_vpc_whose_endpoints_are_not_known() -> None:
    found = existing().config("dev")
    assert found.studio.enabled and found.studio.vpc_only
    assert (found.network.interface_endpoints, found.network.num_interface_endpoints) == (False, 0)


def test_a_preset_says_nothing_of_an_existing_vpc() -> None:
    """`strict` and `laptop` have interface endpoints, which would have no effect there."""
    resolved = existing("laptop").resolve("dev")
    assert resolved.layers.origin(("network", "interface_endpoints")) is None
    assert not resolved.config.network.interface_endpoints


def existing(preset: str = "small") -> config.Project:
    network = "{vpc_id: vpc-0123456789abcdef0, subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]}"
    place = f"    studio: {{enabled: true}}\n    network: {network}\n"
    if preset == "laptop":
        return project(
            (
                '    preset: small\n    account: "111122223333"\n    region: eu-central-1\n',
                f"    preset: laptop\n{place}",
            ),
            ("ml.c7i.large", "ml.m5.large"),
        )
    return project(("    preset: small\n", f"    preset: small\n{place}"))
