"""Roles: which actions, on which resources, passed to whom, with evidence for conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, Found, each
from checks.controls.jobs import PROCESSING, TRAINING, TUNING, job
from checks.documents import (
    IDENTITY,
    RESOURCE_POLICIES,
    ROLE,
    Statement,
    UnreadableError,
    identity_statements,
    of_role,
    readable,
    statements,
)
from checks.machines import tasks
from checks.outsiders import services
from checks.ownership import ARN_PARTS, OURS, canonical, image_accounts, own_bucket
from checks.permitted_actions import BOUND, METRICS, OF_JOBS, WITHOUT_RESOURCE, is_permitted
from checks.policies import service_name
from config.source_conditions import KEYS, documented
from localcloud.iam_policy.conditions import holds, operators
from localcloud.iam_policy.statements import covers_action

Judge = Callable[[Statement, Assembly], str]
JOBS = (PROCESSING, TRAINING, TUNING)
DOMAIN = "AWS::SageMaker::Domain"
PULL = re.compile(r"ecr:(batchchecklayeravailability|batchgetimage|getdownloadurlforlayer)", re.IGNORECASE)
NAMELESS = re.compile(
    r"((key|alias|role|function|stateMachine|execution|repository|project|log-group|stack|parameter"
    r"|alarm|rule|secret|endpoint|model|domain|user-profile|app|space|model-package(-group)?)[:/])?[*?]"
)
"""A resource of which only the kind is named. Of other kinds, such as jobs, the names are made at run time."""
OF_TOPIC = "kms:encryptioncontext:aws:sns:topicarn"


def actions(statement: Statement) -> list[str]:
    return [str(action) for action in as_list(statement.get("Action"))]


def refuses(statement: Statement, key: str, value: str) -> bool:
    """Whether a request with `value` for the key, and one without the key, fail a condition of the statement."""

    def meets(given: list[str] | None) -> bool:
        return all(
            holds(operator, expected, given) for operator, name, expected in operators(statement) if name.lower() == key
        )

    return not meets([value]) and not meets(None)


def unjudged_actions(statement: Statement, _: Assembly) -> str:
    return ", ".join(action for action in actions(statement) if not is_permitted(action))


def broad_resources(statement: Statement, assembly: Assembly) -> str:
    names = actions(statement)
    for resource in map(str, as_list(statement.get("Resource"))):
        if resource == "*":
            if unknown := [name for name in names if name.lower() not in WITHOUT_RESOURCE]:
                return f"{', '.join(unknown)} on *"
        elif not named(resource, names, statement, assembly):
            return resource
    action, key, value = METRICS
    if covers_action(statement, action) and not refuses(statement, key.lower(), value):
        return "metrics of every namespace"
    return ""


def named(resource: str, names: list[str], statement: Statement, assembly: Assembly) -> bool:
    """Whether a resource is one of ours, by name or with a name that begins in a known way."""
    if resource == assembly.expected.get("ExistingTopic"):
        return True
    if resource.startswith("${"):
        return resource == "${AWS::StackId}" or assembly.at(resource) is not None
    parts = canonical(resource, assembly).split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS or parts[0] != "arn" or re.search(r"[*?]", parts[2]):
        return False
    if parts[2] == "s3":
        return own_bucket(resource, assembly)
    if parts[2] == "ecr" and all(PULL.fullmatch(name) for name in names):
        return parts[4] == OURS or resource.split(":")[4] in image_accounts(assembly)
    if parts[2] == "kms" and parts[4] == "*":
        return _for_existing_topic(statement, assembly)
    return parts[4] == OURS and not NAMELESS.match(parts[5]) and not _strange_vpc(parts, statement)


def _strange_vpc(parts: list[str], statement: Statement) -> bool:
    """Network interfaces have names that AWS makes: the VPC or subnet must be ours."""
    keys = {name.lower() for _, name, _ in operators(statement)}
    return parts[2] == "ec2" and parts[5].endswith("/*") and not keys & {"ec2:vpc", "ec2:subnet"}


def _for_existing_topic(statement: Statement, assembly: Assembly) -> bool:
    """The key of somebody else's topic is not known; it is used for messages of this topic only."""
    topic = assembly.expected.get("ExistingTopic")
    bound = [(operator, expected) for operator, key, expected in operators(statement) if key.lower() == OF_TOPIC]
    return bool(topic) and ("StringEquals", [topic]) in bound


def unbound(statement: Statement, assembly: Assembly) -> str:
    for action, (key, value) in BOUND.items():
        if covers_action(statement, action) and not refuses(statement, key.lower(), value):
            return f"{action} needs a condition on {key}"
    return ""


def passes_any_role(statement: Statement, assembly: Assembly) -> str:
    if not covers_action(statement, "iam:PassRole"):
        return ""
    for name in map(str, as_list(statement.get("Resource")) or ["*"]):
        literal = canonical(name, assembly).split(":")
        own = len(literal) == ARN_PARTS and literal[4] == OURS and not re.search(r"[*?$]", literal[5])
        if assembly.at(name, ROLE) is None and not own:
            return f"it may pass {name}"
    return unbound(statement, assembly)


def inverted(statement: Statement, _: Assembly) -> str:
    return ", ".join(name for name in ("NotAction", "NotResource", "NotPrincipal") if name in statement)


def allowed(id: str, requirement: str, judge: Judge) -> Control:
    """A control on every Allow statement that gives a role of ours something."""

    def find(assembly: Assembly) -> Iterator[Found]:
        for resource, item in identity_statements(assembly):
            if item["Effect"] == "Allow" and (detail := judge(item, assembly)):
                yield resource.label, detail

    return Control(id, requirement, find)


def unreadable(assembly: Assembly) -> Iterator[Found]:
    documents = [(item, item.get("PolicyDocument")) for item in assembly.of(*IDENTITY)]
    inline = [(role, policy) for role in assembly.of(ROLE) for policy in as_list(role.get("Policies"))]
    documents += [
        (role, policy.get("PolicyDocument") if "PolicyDocument" in policy else None) for role, policy in inline
    ]
    for resource, document in documents:
        try:
            statements(document if document is not None else {"Statement": [None]})
        except UnreadableError as error:
            yield resource.label, str(error)


def positive(assembly: Assembly) -> Iterator[Found]:
    """Of all documents: what is excluded leaves everything else, also what AWS adds next year."""
    for resource, item in identity_statements(assembly):
        if item["Effect"] == "Allow" and (found := inverted(item, assembly)):
            yield resource.label, found
    for resource in assembly.of(*RESOURCE_POLICIES):
        for item in readable(resource.get(RESOURCE_POLICIES[resource.kind].member)):
            if item["Effect"] == "Allow" and (found := inverted(item, assembly)):
                yield resource.label, found


def unproven_conditions(assembly: Assembly) -> Iterator[str]:
    """A service that does not send the key of a condition is refused, and nothing works."""
    for resource in assembly.of(*RESOURCE_POLICIES):
        policy = RESOURCE_POLICIES[resource.kind]
        if policy.name in ("role", "key", "topic", "queue", "bucket"):
            for item in readable(resource.get(policy.member)):
                used = {key for key in KEYS if key.lower() in {name.lower() for _, name, _ in operators(item)}}
                names = [service_name(service) for service in services(item)]
                if any(used - set(documented(policy.name, name)) for name in names):  # type: ignore[arg-type]
                    yield resource.label


def own_policies(role: Resource, assembly: Assembly) -> bool:
    """AWS may add actions to its own policies at any time."""
    return all(assembly.at(arn, *IDENTITY) for arn in as_list(role.get("ManagedPolicyArns")))


def jobs(assembly: Assembly) -> Iterator[Found]:
    """Training code and models are data from outside: their roles neither start, publish nor change anything."""
    studio = [item.get("DefaultUserSettings.ExecutionRole") for item in assembly.of(DOMAIN)]
    given = [job(task).get("RoleArn") for task in tasks(assembly) if task.operation in JOBS]
    given += [model.get("ExecutionRoleArn") for model in assembly.of("AWS::SageMaker::Model")]
    for role in assembly.of(ROLE):
        documents = readable(role.get("AssumeRolePolicyDocument"))
        of_people = any(map(role.points_at, studio)) and not any(map(role.points_at, given))
        if "sagemaker" in {service_name(name) for item in documents for name in services(item)} and not of_people:
            found = [name for item in of_role(role, assembly) for name in actions(item)]
            if strange := [name for name in found if not OF_JOBS.fullmatch(name.lower())]:
                yield role.label, ", ".join(strange)


CONTROLS = (
    allowed(
        "iam.actions",
        "allow only actions that checks/permitted_actions.py lists: take them away, or list them with care",
        unjudged_actions,
    ),
    allowed(
        "iam.resources",
        "name resources of this account, and use Resource * only for actions that cannot be restricted",
        broad_resources,
    ),
    allowed("iam.bound", "bind its actions to the service, VPC or resource that they are for", unbound),
    allowed("iam.pass-role", "pass named roles to a named service only", passes_any_role),
    Control("iam.positive", "list what is allowed, without NotAction, NotResource or NotPrincipal", positive),
    Control("iam.readable", "have a policy that says in the template what it allows", unreadable),
    Control("iam.evidence", "have source conditions that AWS documents for its service only", unproven_conditions),
    each("iam.managed", "have policies of this template only, none that somebody else may change", ROLE, own_policies),
    Control("iam.jobs", "give jobs, models and transforms their data, image, logs and metrics only", jobs),
)
