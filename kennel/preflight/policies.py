"""IAM's own evaluation of the synthesized roles: each call of the code against the policies of its role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from checks.assembly import Resource, as_list
from checks.machines import KIND as MACHINE
from checks.machines import Task, tasks
from imgcls.contract import keys
from kennel.preflight import role_calls
from kennel.preflight.finding import Finding, error, ok
from kennel.preflight.role_calls import Call
from kennel.preflight.simulator import decisions
from kennel.preflight.stand_ins import StandIns
from kennel.preflight.subject import Subject


def simulated(subject: Subject) -> Iterator[Finding]:
    """Every call that a role's policies do not allow."""
    roles, iam = Roles(subject), subject.session.client("iam")
    asked, refused = 0, []
    for role, found in roles.calls():
        documents, once = roles.documents(role), _each_once(found)
        asked += len(once)
        for calls in _together(once):
            answers = _ask(iam, documents, calls, roles.resource(calls[0].resource), roles.context(calls[0]))
            refused += [(role, call, answers[call.action]) for call in calls if answers[call.action] != "allowed"]
    for role, call, answer in refused:
        where = f" on {call.resource}" if call.resource != "*" else ""
        yield error(
            f"{role.label} may not {call.action}{where} ({answer}): this is a fault of the templates; report it with "
            "`kennel preflight --report -`"
        )
    if not refused:
        yield ok(f"IAM allows the {asked} calls that the code makes with its roles")


def _each_once(calls: list[Call]) -> list[Call]:
    return list({(call.action, call.resource, *sorted(call.context.items())): call for call in calls}.values())


def _together(calls: list[Call]) -> list[list[Call]]:
    """The calls that one request can ask about: those on one resource with one context."""
    groups: dict[tuple[object, ...], list[Call]] = {}
    for call in calls:
        groups.setdefault((call.resource, *sorted(call.context.items())), []).append(call)
    return list(groups.values())


def _ask(
    iam: Any, documents: list[str], calls: list[Call], resource: str, context: Mapping[str, str]
) -> dict[str, str]:
    """Action -> IAM's decision."""
    whose = {"PolicyInputList": documents}
    return decisions(iam, "simulate_custom_policy", whose, [call.action for call in calls], resource, context)


class Roles:
    """The roles of an assembly, their policies, and what is called with them."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._assembly = subject.resolved
        self._stand_ins = StandIns(subject.resolved, subject.session)

    def calls(self) -> Iterator[tuple[Resource, list[Call]]]:
        """Each role with its calls. Raises KeyError for one that the templates do not have."""
        for name, found in role_calls.calls(self._subject.config).items():
            yield self._role(name), found
        for machine in self._assembly.of(MACHINE):
            role = self._assembly.at(machine.get("RoleArn"), "AWS::IAM::Role")
            if role is None:
                raise KeyError(f"{machine.label} has no role in the templates")
            yield role, [call for task in tasks(self._assembly) for call in _of_task(task, self._subject.config.topic)]

    def _role(self, name: str) -> Resource:
        pattern = re.compile(rf"{name}[0-9A-F]{{8}}")
        found = [role for role in self._assembly.of("AWS::IAM::Role") if pattern.fullmatch(role.name)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} roles of the templates are called {name}")
        return found[0]

    def documents(self, role: Resource) -> list[str]:
        """Its policies, as IAM would get them."""
        own = [item["PolicyDocument"] for item in as_list(role.get("Policies"))]
        attached = [
            policy.get("PolicyDocument")
            for policy in self._assembly.of("AWS::IAM::Policy")
            if any(role.points_at(value) for value in as_list(policy.get("Roles")))
        ]
        return [json.dumps(self._stand_ins.fill(document)) for document in (*own, *attached)]

    def resource(self, name: str) -> str:
        """The ARN that a row of role_calls, or a task of the state machine, means."""
        if name == "*":
            return name
        if name.startswith("${"):
            return str(self._stand_ins.fill(name))
        head, slash, rest = name.partition("/")
        if head in self._arns:
            return self._arns[head] + (f"/{rest}" if slash else "")
        service, _, rest = name.partition(":")
        config = self._subject.config
        arn = f"arn:${{AWS::Partition}}:{service}:{config.region}:{config.account}:{rest}"
        return self._subject.session.fill_placeholders(arn)

    def context(self, call: Call) -> dict[str, str]:
        """The condition keys of a call, with placeholders replaced."""
        return dict(self._stand_ins.fill(dict(call.context)))

    @cached_property
    def _arns(self) -> dict[str, str]:
        buckets = list(self._assembly.of("AWS::S3::Bucket"))
        named = {
            role_calls.DATA: next(item for item in buckets if item.name.startswith("Data")),
            role_calls.ARTIFACTS: next(item for item in buckets if item.name.startswith("Artifacts")),
            role_calls.KEY: next(self._assembly.of("AWS::KMS::Key")),
            role_calls.MACHINE: next(self._assembly.of(MACHINE)),
        }
        named |= dict(zip((role_calls.PROJECT,), self._assembly.of("AWS::CodeBuild::Project"), strict=False))
        named |= dict(zip((role_calls.REPOSITORY,), self._assembly.of("AWS::ECR::Repository"), strict=False))
        named |= dict(zip((role_calls.TOPIC,), self._assembly.of("AWS::SNS::Topic"), strict=False))
        found = {name: self._stand_ins.arn(item) for name, item in named.items()} | {role_calls.CODE: self._code()}
        topic = self._subject.config.topic
        return found | ({role_calls.TOPIC: topic} if topic else {})

    def _code(self) -> str:
        """The code archive, an asset of the CDK's own bucket."""
        (machine,) = self._assembly.of(MACHINE)
        values = self._stand_ins.fill(machine.get("DefinitionSubstitutions"))
        arn = f"arn:${{AWS::Partition}}:s3:::{values['CodeBucket']}/{values['CodeKey']}"
        return self._subject.session.fill_placeholders(arn)


_EVENTS = {"TrainingJob": "Training", "HyperParameterTuningJob": "Tuning", "ProcessingJob": "Processing"}
"""Job -> the part of the name of the rule by which Step Functions hears of its end."""


def _of_task(task: Task, topic: str | None) -> list[Call]:
    """What Step Functions does for one Task state. `topic`: one that exists, whose key is not known."""
    resource = str(task.state["Resource"])
    operation = task.operation
    if ":lambda:" in resource:
        return [Call("lambda:InvokeFunction", str(task.parameters["FunctionName"]))]
    if resource.endswith("sns:publish"):
        return [Call("sns:Publish", role_calls.TOPIC), role_calls.encrypt_message(topic)]
    if ":s3:" in resource:
        action = operation[0].upper() + operation[1:]
        return [Call(f"s3:{action}", f"{role_calls.ARTIFACTS}/{keys.run('r', 'm')}x")]
    if operation in ("listProcessingJobs", "listTrainingJobs"):  # which know no resource
        return [Call(f"sagemaker:{operation[0].upper()}{operation[1:]}")]
    match = re.fullmatch(r"(create|describe|stop)(\w+Job)", operation)
    if match is None:
        raise KeyError(
            f"{task.label} calls {operation}, and kennel/preflight/policies.py does not know what that needs"
        )
    verb, noun = match.groups()
    job = f"sagemaker:{re.sub(r'(?<!^)(?=[A-Z])', '-', noun).lower()}/x"
    verbs = ("Create", "Describe", "Stop") if resource.endswith(".sync") else (verb.capitalize(),)
    found = [Call(f"sagemaker:{each}{noun}", job) for each in verbs]
    if resource.endswith(".sync"):
        rule = f"events:rule/StepFunctionsGetEventsForSageMaker{_EVENTS[noun]}JobsRule"
        found += [Call("sagemaker:AddTags", job)]
        found += [Call(f"events:{each}", rule) for each in ("PutTargets", "PutRule", "DescribeRule")]
    if verb == "create":
        holder = task.parameters.get("TrainingJobDefinition", task.parameters)
        found.append(Call("iam:PassRole", str(holder["RoleArn"]), {"iam:PassedToService": "sagemaker.amazonaws.com"}))
    return found
