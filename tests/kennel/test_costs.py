"""Prices before they are paid: the same sums as PlanRun's, from the configuration alone."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from kennel.cli.app import app
from kennel.cloud import costs
from kennel.errors import KennelError
from kennel.workspace import project

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
    one, four = (
        next(
            item
            for item in costs.of_run(project.config("prod"), {"models": [MOBILE], "instances": num}).items
            if item.work == "training"
        )
        for num in (1, 4)
    )
    assert four.instances == 4 and four.usd == pytest.approx(4 * one.usd)


def test_a_run_that_would_be_refused_says_why():
    with pytest.raises(KennelError, match="models"):
        costs.of_run(project.config("prod"), {"models": ["no-such-model"]})


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
    assert list(only) == ["endpoint"] and only["endpoint"]["min_instances"] == 2
    assert "The local cloud costs nothing" in run(app, ["cost", "--run"]).output
