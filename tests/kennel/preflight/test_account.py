"""The checks of the account, against answers of AWS's shape."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kennel.preflight import account, images, machine, quotas
from kennel.preflight.finding import Finding, Level
from kennel.preflight.subject import Subject
from kennel.workspace import project
from tests.kennel.preflight.aws import ACCOUNT, subject


def only(found) -> Finding:
    (finding,) = found
    return finding


def test_the_machine_is_fine() -> None:
    for check in (machine.python, machine.node, machine.cdk_cli):
        assert only(check()).level is Level.OK


@pytest.mark.parametrize(("version", "level"), [((3, 10), Level.ERROR), ((3, 12), Level.OK), ((3, 14), Level.WARNING)])
def test_versions_of_python(version, level, monkeypatch) -> None:
    monkeypatch.setattr(machine.sys, "version_info", (*version, 0))
    assert only(machine.python()).level is level


def test_a_missing_cdk_cli(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(machine.clone, "CDK_CLI", tmp_path)
    assert "run `make setup`" in only(machine.cdk_cli()).sentence


@pytest.mark.parametrize(
    ("value", "level", "words"),
    [
        ("33", Level.OK, "version 33"),
        ("5", Level.ERROR, f"run `npx cdk bootstrap aws://{ACCOUNT}/us-east-1` in the clone again"),
        (None, Level.ERROR, f"run `npx cdk bootstrap aws://{ACCOUNT}/us-east-1` in the clone, once"),
    ],
)
def test_bootstrap(value, level, words) -> None:
    made, session = subject()
    parameter = {"Name": "/cdk-bootstrap/hnb659fds/version"}
    if value is None:
        session.stub("ssm").add_client_error("get_parameter", "ParameterNotFound", expected_params=parameter)
    else:
        session.stub("ssm").add_response("get_parameter", {"Parameter": {"Value": value}}, parameter)
    finding = only(account.bootstrap(made))
    assert finding.level is level and words in finding.sentence


def test_a_bootstrap_of_ones_own_is_named_in_the_command() -> None:
    from dataclasses import replace

    made, session = subject()
    own = tuple(replace(stack, bootstrap_parameter="/cdk-bootstrap/team1/version") for stack in made.stacks)
    made.__dict__["stacks"] = own
    session.stub("ssm").add_client_error("get_parameter", "ParameterNotFound")
    words = f"aws://{ACCOUNT}/us-east-1 --qualifier team1 --toolkit-stack-name CDKToolkit-team1`"
    assert words in only(account.bootstrap(made)).sentence


def test_a_resource_type_that_the_region_lacks() -> None:
    made, session = subject()
    kinds = sorted({r.kind for r in made.resolved.resources if not r.kind.startswith("Custom::")})
    for kind in kinds:
        expected = {"Type": "RESOURCE", "TypeName": kind}
        if kind == "AWS::Budgets::Budget":
            session.stub("cloudformation").add_client_error(
                "describe_type", "TypeNotFoundException", expected_params=expected
            )
        else:
            session.stub("cloudformation").add_response("describe_type", {"TypeName": kind}, expected)
    finding = only(account.region(made))
    assert finding.level is Level.ERROR and "us-east-1 does not offer AWS::Budgets::Budget" in finding.sentence


@pytest.mark.parametrize(("studio", "levels"), [(True, [Level.OK, Level.WARNING]), (False, [Level.OK])])
def test_roles_that_aws_makes(studio: bool, levels: list[Level]) -> None:
    made, session = subject(studio=project.config("dev").studio.model_copy(update={"enabled": studio}))
    role = {
        "Path": "/",
        "RoleName": "x",
        "RoleId": "A" * 16,
        "Arn": "arn:aws:iam::1:role/x",
        "CreateDate": "2026-01-01",
    }
    session.stub("iam").add_response("get_role", {"Role": role})
    session.stub("iam").add_client_error("get_role", "NoSuchEntity")
    assert [finding.level for finding in account.linked_roles(made)] == levels


@pytest.mark.parametrize(
    ("arn", "level"), [("PendingConfirmation", Level.WARNING), (f"arn:aws:sns:us-east-1:{ACCOUNT}:t:1", Level.OK)]
)
def test_a_subscriber_who_has_not_confirmed(arn: str, level: Level) -> None:
    made, session = subject(notify=("team@kennel.dev",))
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:Kennel-Dev-Storage-Notifications-X"
    session.stub("sns").add_response("list_topics", {"Topics": [{"TopicArn": topic}]})
    session.stub("sns").add_response(
        "list_subscriptions_by_topic", {"Subscriptions": [{"Endpoint": "team@kennel.dev", "SubscriptionArn": arn}]}
    )
    assert only(account.subscribers(made)).level is level


def test_an_address_that_nobody_can_confirm_is_an_error_before_the_deploy_refuses_it() -> None:
    made, _ = subject(notify=("team@example.com",))
    found = only(account.subscribers(made))
    assert found.level is Level.ERROR
    assert "team@example.com, where nobody can confirm" in found.sentence


def test_nobody_is_told() -> None:
    made, _ = subject(notify=())
    assert only(account.subscribers(made)).level is Level.WARNING


STOCK = {"registryId": "763104351884", "repositoryName": "pytorch"}


@pytest.mark.parametrize(
    ("describe", "get", "level"),
    [
        ({"imageDetails": [{"imageDigest": "sha256:0"}]}, None, Level.OK),
        ("ImageNotFoundException", None, Level.ERROR),
        ("RepositoryNotFoundException", None, Level.ERROR),
        ("AccessDeniedException", {"images": [{"imageManifest": "{}"}]}, Level.OK),
        ("AccessDeniedException", {"images": [], "failures": [{"failureCode": "ImageNotFound"}]}, Level.ERROR),
        ("AccessDeniedException", "AccessDeniedException", Level.UNKNOWN),
    ],
)
def test_the_stock_image(describe, get, level: Level) -> None:
    made, session = subject()
    (uri,) = images.stock_images(made)
    expected = {**STOCK, "imageIds": [{"imageTag": uri.rpartition(":")[2]}]}
    for operation, answer in (("describe_images", describe), ("batch_get_image", get)):
        if isinstance(answer, str):
            session.stub("ecr").add_client_error(operation, answer, expected_params=expected)
        elif answer is not None:
            session.stub("ecr").add_response(operation, answer, expected)
    assert only(images.stock(made)).level is level
    session.stub("ecr").assert_no_pending_responses()


def names_of(made: Subject) -> set[str]:
    return {need.name for entry in quotas.needs(made.config) for need in entry.alternatives}


def quota(name: str, value: float) -> dict[str, object]:
    return {"QuotaName": name, "Value": value, "QuotaCode": f"L-{abs(hash(name)) % 10**8:08}"}


@pytest.mark.parametrize(("on", "level"), [(True, Level.ERROR), (False, Level.WARNING)])
def test_the_quotas_are_read_in_pages_of_a_hundred_and_each_shortage_has_its_link(on: bool, level: Level) -> None:
    made, session = subject(endpoint=project.config("dev").endpoint.model_copy(update={"enabled": on}))
    rows = [quota(name, 100) for name in names_of(made) if not name.startswith("ml.c7i.large for endpoint")]
    zero = {"QuotaName": "ml.c7i.large for endpoint usage", "Value": 0.0, "QuotaCode": "L-12345678"}
    asked = {"ServiceCode": "sagemaker", "MaxResults": 100}
    for page, more, token in ((rows, {"NextToken": "n"}, {}), ([zero], {}, {"NextToken": "n"})):
        answer = {"Quotas": page, **more}
        session.stub("service-quotas").add_response("list_service_quotas", answer, {**asked, **token})
    found = list(quotas.instances(made))
    assert [finding.level for finding in found] == [level, Level.WARNING]
    assert found[0].sentence == (
        "the account's quota 'ml.c7i.large for endpoint usage' is 0, and the endpoint needs 1: request 1 at "
        "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/L-12345678"
    )
    assert "runs both fleets for a while, needs 2" in found[1].sentence


def test_a_fallback_type_that_is_allowed_is_enough() -> None:
    made, _ = subject()
    training = next(entry for entry in quotas.needs(made.config) if len(entry.alternatives) > 1)
    first, second = training.alternatives
    assert "for spot training job usage" in first.name
    allowed = {first.name: quotas.Quota(0, "L-1"), second.name: quotas.Quota(1, "L-2")}
    assert only(quotas.compare(training, allowed, "us-east-1")).level is Level.WARNING
    nothing = {need.name: quotas.Quota(0, "L-1") for need in training.alternatives}
    assert [finding.level for finding in quotas.compare(training, nothing, "us-east-1")] == [Level.ERROR, Level.ERROR]
    assert only(quotas.compare(training, {}, "us-east-1")).level is Level.UNKNOWN


def test_a_total_that_is_short_is_named_too() -> None:
    made, _ = subject()
    name = quotas.TOTALS[quotas.PROCESSING]
    short = {name: quotas.Quota(0, "L-1")}
    entries = [entry for entry in quotas.needs(made.config) if entry.alternatives[0].name == name]
    assert [only(quotas.compare(entry, short, "us-east-1")).level for entry in entries] == [Level.ERROR] * 2


@pytest.mark.parametrize(("seconds", "level"), [(3.0, Level.OK), (26.0, Level.WARNING)])
def test_the_pace_is_held_against_the_time_that_a_run_has(seconds: float, level: Level, monkeypatch) -> None:
    made, session = subject()
    monkeypatch.setattr(quotas, "time", SimpleNamespace(monotonic=iter((0.0, seconds)).__next__))
    first, *others = sorted(names_of(made))
    stub = session.stub("service-quotas")
    stub.add_response("list_service_quotas", {"Quotas": [quota(name, 1) for name in others]})
    stub.add_response("list_aws_default_service_quotas", {"Quotas": [quota(first, 1)]})
    assert only(quotas.pace(made)).level is level
    stub.assert_no_pending_responses()


def test_what_codebuild_really_allows_is_not_known() -> None:
    made, session = subject()
    session.stub("service-quotas").add_response("list_service_quotas", {"Quotas": [quota(quotas.BUILDS, 10)]})
    finding = only(quotas.builds(made))
    assert finding.level is Level.UNKNOWN and "Service Quotas says 10, but a new account may have 0" in finding.sentence
    session.stub("service-quotas").add_response("list_service_quotas", {"Quotas": [quota(quotas.BUILDS, 0)]})
    assert only(quotas.builds(made)).level is Level.ERROR


@pytest.mark.parametrize(
    ("groups", "level", "words"),
    [
        (["trail/all"], Level.OK, "the log group trail/all exists"),
        (
            ["trail/all-of-it"],
            Level.ERROR,
            "there is no log group trail/all in us-east-1: correct monitoring.audit_trail",
        ),
        ([], Level.ERROR, "there is no log group trail/all"),
    ],
)
def test_the_log_group_of_cloudtrail(groups, level, words) -> None:
    made, session = subject()
    assert list(account.audit_trail(made)) == [], "without one there is nothing to look for"
    monitoring = session.config.monitoring.model_copy(update={"audit_trail": "trail/all"})
    session.config = session.config.model_copy(update={"monitoring": monitoring})
    answer = {"logGroups": [{"logGroupName": name} for name in groups]}
    session.stub("logs").add_response("describe_log_groups", answer, {"logGroupNamePrefix": "trail/all"})
    finding = only(account.audit_trail(made))
    assert finding.level is level and words in finding.sentence
