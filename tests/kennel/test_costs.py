"""Prices before they are paid: the same sums as PlanRun's, from the configuration alone."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from config.platform import INTERFACE_SERVICES
from kennel.cli.app import app
from kennel.cloud import costs, costs_at_rest
from kennel.errors import KennelError
from kennel.workspace import project
from tests.pipeline.variants import variant

BREEDS, MOBILE = "dog-breed-classifier", "dog-breed-classifier-mobile"


def test_a_run_is_the_sum_of_its_jobs():
    found = costs.of_run(project.config("prod"), {"models": [BREEDS, MOBILE], "tune": True})
    assert [(item.work, item.model) for item in found.items] == [
        ("preparation", ""), ("search", BREEDS), ("training", BREEDS), ("evaluation", BREEDS),
        ("training", MOBILE), ("evaluation", MOBILE),
    ]  # fmt: skip
    assert found.usd == pytest.approx(sum(item.usd for item in found.items), abs=0.01)
    without = costs.of_run(project.config("prod"), {"models": [BREEDS, MOBILE], "tune": False})
    search = next(item.usd for item in found.items if item.work == "search")
    assert found.usd - without.usd == pytest.approx(search, abs=0.02)


def test_instances_are_paid_for():
    config = variant("prod", training={"instance_count": 2})
    one, four = (
        next(
            item
            for item in costs.of_run(config, {"models": [MOBILE], "instances": num}).items
            if item.work == "training"
        )
        for num in (1, 4)
    )
    assert four.instances == 4 and four.usd == pytest.approx(4 * one.usd)


def test_a_run_that_would_be_refused_says_why():
    with pytest.raises(KennelError, match="models"):
        costs.of_run(project.config("prod"), {"models": ["no-such-model"]})
    with pytest.raises(KennelError, match=r"instances is 4, and prod encrypts .*: set it to 2 or more in kennel.yaml"):
        costs.of_run(project.config("prod"), {"models": [MOBILE], "instances": 4})


def test_the_endpoint_costs_its_instances():
    config = project.config("prod")
    found = costs.of_endpoint(config)
    assert found.min_instances == config.endpoint.min_instances
    assert found.per_month(2) == pytest.approx(2 * found.usd_per_hour * 730)


def test_the_command_needs_no_cloud():
    run = CliRunner().invoke
    both = run(app, ["cost", "--env", "prod"])
    assert both.exit_code == 0
    assert "A run of the pipeline" in both.output and "The endpoint, while it is on" in both.output
    only = json.loads(run(app, ["cost", "--endpoint", "--env", "prod", "--json"]).output)
    assert list(only) == ["endpoint", "prices"] and only["endpoint"]["min_instances"] == 2
    assert "The local cloud costs nothing" in run(app, ["cost", "--run"]).output


def test_at_rest_everything_that_costs_by_the_month_is_counted():
    config = project.config("prod")
    items = {item.name: item for item in costs_at_rest.of(config)}
    endpoints = config.network.num_interface_endpoints
    assert endpoints == len(INTERFACE_SERVICES) * config.network.zones
    assert items["interface endpoints"].usd == pytest.approx(endpoints * 0.01 * 730)
    assert items["KMS key"].usd == 1 and items["dashboards"].usd == 3 and items["repositories"].usd > 0
    assert any("image build" in sentence for sentence in costs_at_rest.by_use(config))


def test_an_endpoint_that_is_off_costs_nothing_at_rest():
    config = project.config("prod")
    off = config.model_copy(update={"endpoint": config.endpoint.model_copy(update={"enabled": False})})
    on = config.model_copy(update={"endpoint": config.endpoint.model_copy(update={"enabled": True})})
    names = [item.name for item in costs_at_rest.of(on)]
    assert names[0] == "endpoint" and "endpoint" not in [item.name for item in costs_at_rest.of(off)]


def test_the_local_cloud_has_no_price_list():
    done = CliRunner().invoke(app, ["cost", "--refresh"])
    assert done.exit_code == 1
    assert "name an environment of an AWS account with --env" in str(done.exception)
