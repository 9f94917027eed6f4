"""Builds run their commands, in CodeBuild's order and with its endings."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.iam_audit import calls

from .conftest import ROLE, Room, phase_of


def statuses(build: dict[str, Any]) -> dict[str, str]:
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


def test_a_build_runs_every_phase_on_its_source(room: Room) -> None:
    build = room.run(
        {
            "install": ["echo one"],
            "pre_build": ["echo two"],
            "build": ["cat greeting.txt"],
            "post_build": ["echo four"],
        },
        files={"greeting.txt": "hello from the source\n"},
    )
    assert build["buildStatus"] == "SUCCEEDED"
    assert room.printed(build) == ["one", "two", "hello from the source", "four"]
    assert list(statuses(build)) == [
        "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD",
        "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED",
    ]  # fmt: skip


def test_commands_share_exported_variables_and_the_folder(room: Room) -> None:
    build = room.run(
        {"pre_build": ["export A='it''s'; mkdir inner; cd inner"], "build": ['echo "$A"; basename "$PWD"']}
    )
    assert room.printed(build) == ["its", "inner"]


def test_a_build_knows_itself_and_its_variables(room: Room) -> None:
    project = room.project({"build": ["env"]})
    over = [{"name": "COLOUR", "value": "red"}, {"name": "EXTRA", "value": "1"}]
    build = room.ended(room.start(project, environmentVariablesOverride=over))
    known = dict(line.split("=", 1) for line in room.printed(build) if "=" in line)
    assert (known["COLOUR"], known["EXTRA"], known["CODEBUILD_BUILD_SUCCEEDING"]) == ("red", "1", "1")
    assert known["CODEBUILD_BUILD_ID"] == build["id"] and known["CODEBUILD_BUILD_ARN"] == build["arn"]
    assert known["CODEBUILD_SRC_DIR"].endswith("/src") and known["AWS_REGION"] == "us-east-1"
    assert {item["name"]: item["value"] for item in build["environment"]["environmentVariables"]}["COLOUR"] == "red"


def test_post_build_runs_after_a_failed_build_and_knows_it(room: Room) -> None:
    build = room.run({"build": ["exit 3", "echo never"], "post_build": ["echo $CODEBUILD_BUILD_SUCCEEDING"]})
    assert build["buildStatus"] == "FAILED" and room.printed(build) == ["0"]
    failed = phase_of(build, "BUILD")
    said = "Error while executing command: exit 3. Reason: exit status 3"
    assert failed and failed["contexts"] == [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": said}]


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_nothing_runs_after_an_earlier_phase_that_failed(room: Room, phase: str) -> None:
    build = room.run({phase: ["false"], "build": ["echo never"], "post_build": ["echo never"]})
    assert build["buildStatus"] == "FAILED" and room.printed(build) == []
    assert "POST_BUILD" not in statuses(build)


def test_a_failed_post_build_fails_the_build(room: Room) -> None:
    build = room.run({"build": ["true"], "post_build": ["false"]})
    assert build["buildStatus"] == "FAILED"


def test_finally_runs_after_a_command_that_failed(room: Room) -> None:
    build = room.run({"pre_build": {"commands": ["false"], "finally": ["echo last"]}, "build": ["echo never"]})
    assert (build["buildStatus"], room.printed(build)) == ("FAILED", ["last"])


def test_builds_act_with_the_role_of_their_project(room: Room, local_cloud: Any) -> None:
    build = room.run({"build": ["aws s3api list-buckets --query 'Buckets[0].Name' --output text"]})
    assert room.printed(build) and build["buildStatus"] == "SUCCEEDED"
    made = {(call.role, call.action) for call in calls(local_cloud.cloud.client)}
    assert {(ROLE, "s3:ListAllMyBuckets"), (ROLE, "s3:GetObject"), (ROLE, "logs:PutLogEvents")} <= made


def test_a_source_that_is_missing_fails_before_any_command(room: Room) -> None:
    project = room.project({"build": ["echo never"]})
    room.s3.delete_object(Bucket="sources", Key=f"{project}.zip")
    build = room.ended(room.start(project))
    phase = phase_of(build, "DOWNLOAD_SOURCE")
    assert build["buildStatus"] == "FAILED" and phase and "NoSuchKey" in phase["contexts"][0]["message"]


@pytest.mark.parametrize(
    ("buildspec", "sentence"),
    [
        ("version: 0.2\nphases: [", "YAML_FILE_ERROR"),
        (
            "version: 0.2\nartifacts: {files: a}\nphases: {build: {commands: [a]}}",
            "localcloud does not emulate artifacts",
        ),
        ("version: 0.1\nphases: {build: {commands: [a]}}", "localcloud does not emulate buildspec version 0.1"),
        ("version: 0.2\nphases: {install: {runtime-versions: {python: 3}}}", "phases/install/runtime-versions"),
        ("version: 0.2\nphases: {build: {commands: [a], on-failure: CONTINUE}}", "phases/build/on-failure CONTINUE"),
    ],
)
def test_a_buildspec_that_is_not_carried_out_is_refused_by_name(room: Room, buildspec: str, sentence: str) -> None:
    build = room.ended(room.start(room.project({"build": ["true"]}), buildspecOverride=buildspec))
    phase = phase_of(build, "DOWNLOAD_SOURCE")
    assert build["buildStatus"] == "FAILED" and phase and sentence in phase["contexts"][0]["message"]


def test_a_build_that_takes_too_long_is_ended_without_post_build(room: Room) -> None:
    room.capacity(minute_seconds=0.1)
    project = room.project({"build": ["sleep 60"], "post_build": ["echo never"]}, timeoutInMinutes=5)
    started = time.monotonic()
    build = room.ended(room.start(project))
    assert build["buildStatus"] == "TIMED_OUT" and time.monotonic() - started < 30
    assert statuses(build)["BUILD"] == "TIMED_OUT" and "POST_BUILD" not in statuses(build)


def test_a_build_that_gets_no_machine_times_out_in_the_queue(room: Room) -> None:
    room.capacity(machines=False, minute_seconds=0.05)
    build = room.ended(room.start(room.project({"build": ["echo never"]}, queuedTimeoutInMinutes=5)))
    assert build["buildStatus"] == "TIMED_OUT"
    assert list(statuses(build)) == ["SUBMITTED", "QUEUED", "COMPLETED"] and statuses(build)["QUEUED"] == "TIMED_OUT"


def test_an_account_without_builds_is_refused_as_aws_refuses_it(room: Room) -> None:
    room.capacity(builds=0)
    with pytest.raises(ClientError, match=r"AccountLimitExceededException.*Cannot have more than 0 builds in queue"):
        room.start(room.project({"build": ["true"]}))


def test_a_build_can_be_stopped(room: Room) -> None:
    build_id = room.start(room.project({"build": ["sleep 60"], "post_build": ["echo never"]}))
    room.codebuild.stop_build(id=build_id)
    build = room.ended(build_id)
    assert build["buildStatus"] == "STOPPED" and room.ended(build_id)["currentPhase"] == "COMPLETED"


def test_builds_are_listed_newest_first(room: Room) -> None:
    project = room.project({"build": ["true"]})
    first, second = room.start(project), room.start(project)
    assert room.codebuild.list_builds_for_project(projectName=project)["ids"] == [second, first]
    ordered = room.codebuild.list_builds_for_project(projectName=project, sortOrder="ASCENDING")
    assert ordered["ids"] == [first, second]
    assert room.codebuild.batch_get_builds(ids=["project-0:none"])["buildsNotFound"] == ["project-0:none"]


@pytest.mark.parametrize(
    ("fields", "options", "what"),
    [
        ({"source": {"type": "GITHUB", "location": "https://x"}}, {}, "a source of type GITHUB"),
        ({"artifacts": {"type": "S3", "location": "b"}}, {}, "artifacts"),
        ({}, {"imageOverride": "other"}, "imageOverride"),
        ({}, {"environmentVariablesOverride": [{"name": "A", "value": "b", "type": "PARAMETER_STORE"}]}, "a variable"),
    ],
)
def test_what_a_build_cannot_do_here_is_refused_by_name(
    room: Room, fields: dict[str, Any], options: dict[str, Any], what: str
) -> None:
    project = room.project({"build": ["true"]}, **fields)
    with pytest.raises(ClientError, match=f"localcloud does not emulate codebuild:StartBuild with {what}"):
        room.start(project, **options)


SOURCE = """
import json, boto3
def handler(event, context):
    boto3.client("ssm").put_parameter(
        Name="/heard/" + event["detail"]["build-status"], Type="String", Value=json.dumps(event), Overwrite=True)
"""


def test_rules_hear_of_builds_if_their_function_permits_it(room: Room, local_cloud: Any) -> None:
    from tests.localcloud.functions.conftest import Functions, wait_until

    functions = Functions(local_cloud.cloud.client)
    functions.create("listener", SOURCE, Timeout=30)
    functions.create("stranger", SOURCE.replace("/heard/", "/overheard/"), Timeout=30)
    project = room.project({"build": ["false"]})
    events = boto3.client("events")
    pattern = {
        "source": ["aws.codebuild"],
        "detail": {"project-name": [project], "build-status": [{"anything-but": ["IN_PROGRESS", "SUCCEEDED"]}]},
    }
    rule = events.put_rule(Name="ends", EventPattern=json.dumps(pattern))["RuleArn"]
    arn = "arn:aws:lambda:us-east-1:123456789012:function:"
    events.put_targets(Rule="ends", Targets=[{"Id": name, "Arn": arn + name} for name in ("listener", "stranger")])
    boto3.client("lambda").add_permission(
        FunctionName="listener",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    build = room.ended(room.start(project))
    ssm = boto3.client("ssm")

    def heard() -> Any:
        found = ssm.get_parameters_by_path(Path="/heard")["Parameters"]
        return found and json.loads(found[0]["Value"])

    event = wait_until(heard, 60)
    assert event["detail-type"] == "CodeBuild Build State Change" and event["detail"]["build-id"] == build["arn"]
    assert event["detail"]["build-status"] == "FAILED"
    assert [item["Name"] for item in ssm.get_parameters_by_path(Path="/heard")["Parameters"]] == ["/heard/FAILED"]
    assert ssm.get_parameters_by_path(Path="/overheard")["Parameters"] == []
