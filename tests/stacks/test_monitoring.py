"""Dashboards and the budget, as they are deployed."""

from __future__ import annotations

import json
from typing import Any

import pytest

import config
from imgcls.contract import metrics, rules
from kennel.cloud import costs_at_rest
from tests.stacks.assemblies import ENVIRONMENTS, properties, resources

DASHBOARD = "AWS::CloudWatch::Dashboard"


def text_of(body: Any) -> str:
    """A dashboard's body with references as plain texts."""
    if isinstance(body, str):
        return body
    return "".join(item if isinstance(item, str) else "reference" for item in body["Fn::Join"][1])


def widgets(environment: str, name: str) -> dict[str, dict[str, Any]]:
    """Title -> properties of the widgets of one dashboard."""
    bodies = {item["DashboardName"]: text_of(item["DashboardBody"]) for item in properties(environment, DASHBOARD)}
    found = json.loads(bodies[f"kennel-{environment}-{name}"])["widgets"]
    return {item["properties"]["title"]: item["properties"] for item in found if item["type"] == "metric"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_four_dashboards(environment: str) -> None:
    names = {item["DashboardName"] for item in properties(environment, DASHBOARD)}
    assert names == {f"kennel-{environment}-{name}" for name in ("pipeline", "training", "endpoint", "model-cache")}


def test_training_graphs_search_because_job_names_are_not_known() -> None:
    found = widgets("prod", "training")
    expressions = {title: item["metrics"][0][0]["expression"] for title, item in found.items()}
    assert all(text.startswith("SEARCH(") for text in expressions.values())
    assert "{/aws/sagemaker/TrainingJobs,Host}" in expressions["GPUUtilization by host"]
    for name in (metrics.OBJECTIVE, "train:loss"):
        assert f'{{/aws/sagemaker/TrainingJobs,TrainingJobName}} MetricName="{name}"' in expressions[name]


def test_endpoint_times_are_in_microseconds_and_run_times_in_milliseconds() -> None:
    assert widgets("prod", "endpoint")["Latency"]["yAxis"]["left"]["label"] == "microseconds"
    assert (
        widgets("prod", "model-cache")["Load time of a model that was not"]["yAxis"]["left"]["label"] == "microseconds"
    )
    assert widgets("prod", "pipeline")["Duration of an execution"]["yAxis"]["left"]["label"] == "milliseconds"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_endpoint_graphs_name_the_endpoint_and_its_variant(environment: str) -> None:
    line = widgets(environment, "endpoint")["Errors"]["metrics"][0]
    assert line[2:6] == ["EndpointName", config.load(environment).endpoint.name, "VariantName", "AllTraffic"]


def test_the_functions_are_found_by_the_words_of_their_names() -> None:
    """A list of names would import them, and a renamed function could not be updated."""
    ((found,),) = widgets("prod", "pipeline")["Errors of the functions"]["metrics"]
    words = 'MetricName="Errors" Kennel Prod Training'
    assert found["expression"] == f"SEARCH('{{AWS/Lambda,FunctionName}} {words}', 'Sum', 300)"


def test_findings_have_a_line_per_rule_and_a_link_to_the_reports() -> None:
    lines = widgets("prod", "pipeline")["Findings of the rules"]["metrics"]
    assert {line[5] for line in lines} == set(rules.BY_NAME)
    assert all(line[:4] == [metrics.NAMESPACE, metrics.FINDINGS, "Environment", "kennel-prod"] for line in lines)
    (body,) = [
        text_of(item["DashboardBody"])
        for item in properties("prod", DASHBOARD)
        if item["DashboardName"] == "kennel-prod-pipeline"
    ]
    assert "prefix=runs/" in body


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_budget_is_the_configured_one_and_warns_before_it_is_spent(environment: str) -> None:
    (budget,) = properties(environment, "AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"]["Amount"] == config.load(environment).monthly_budget_usd
    kinds = {item["Notification"]["NotificationType"] for item in budget["NotificationsWithSubscribers"]}
    assert kinds == {"ACTUAL", "FORECASTED"}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_price_at_rest_counts_what_is_deployed(environment: str) -> None:
    alarms = resources(environment, "AWS::CloudWatch::Alarm").values()
    of_the_endpoint = [alarm for alarm in alarms if "Condition" in alarm]
    assert len(alarms) - len(of_the_endpoint) == costs_at_rest.ALARMS
    assert len(of_the_endpoint) == costs_at_rest.ENDPOINT_ALARMS
    assert len(properties(environment, DASHBOARD)) == costs_at_rest.DASHBOARDS
    interface = [
        item for item in properties(environment, "AWS::EC2::VPCEndpoint") if item["VpcEndpointType"] == "Interface"
    ]
    network = config.load(environment).network
    assert len(interface) * network.zones == network.num_interface_endpoints
