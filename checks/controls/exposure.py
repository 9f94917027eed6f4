"""Resource policies, trusts and permissions: nobody from outside gets anything.

Each Allow statement is asked who of `checks.outsiders` it lets in, with its conditions as IAM evaluates them.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, Found
from checks.documents import PERMISSION, RESOURCE_POLICIES, ROLE, Statement, UnreadableError, resource_statements
from checks.outsiders import ANONYMOUS, FOREIGN, Outsider, admitted, reaches, services
from checks.policies import service_name

UNCONDITIONAL = {
    ("role", "lambda"): {"sts:assumerole"},
    ("role", "events"): {"sts:assumerole"},
    ("key", "events"): {"kms:decrypt", "kms:generatedatakey", "kms:generatedatakey*"},
}
"""(kind of policy, service) without documented conditions on the source -> all that the service may then do."""
TRUST = {"sts:assumerole", "sts:tagsession", "sts:setsourceidentity"}
ENDPOINT = "AWS::EC2::VPCEndpoint"
NOBODY = "admit nobody from outside: name this account's resource or account in a condition on aws:SourceArn, "
NOBODY += "aws:SourceAccount or aws:PrincipalAccount, or the role as principal"


def strangers(resource: Resource, kind: str, assembly: Assembly) -> str:
    """Who gets in, in words; empty if nobody does."""
    try:
        found = resource_statements(resource)
    except UnreadableError as error:
        return str(error)
    for item, outsider in admitted(list(found), assembly):
        if outsider.kind != "service" or not _without_evidence(item, kind):
            return (
                f"{outsider.name} may {', '.join(map(str, as_list(item.get('Action')))) or 'do what NotAction leaves'}"
            )
    return ""


def _without_evidence(statement: Statement, kind: str) -> bool:
    """Whether every service of the statement is one without documented conditions, and does only what it has to."""
    actions = {str(action).lower() for action in as_list(statement.get("Action"))}
    known = [UNCONDITIONAL.get((kind, service_name(name)), set()) for name in services(statement)]
    return bool(actions and known) and all(actions <= permitted for permitted in known)


def closed(id: str, name: str, *more: str) -> Control:
    kinds = [kind for kind, policy in RESOURCE_POLICIES.items() if policy.name == name]

    def find(assembly: Assembly) -> Iterator[Found]:
        for resource in assembly.of(*kinds, *more):
            if who := strangers(resource, name, assembly):
                yield resource.label, who

    return Control(id, NOBODY, find)


def trusts(assembly: Assembly) -> Iterator[Found]:
    """A role is taken on by a service for this account: a role that takes on another has the rights of both."""
    for role in assembly.of(ROLE):
        try:
            found = [item for item in resource_statements(role) if item["Effect"] == "Allow"]
        except UnreadableError as error:
            yield role.label, str(error)
            continue
        if who := strangers(role, "role", assembly):
            yield role.label, who
        elif not found or not all(_by_service(item) for item in found):
            yield role.label, "somebody else than a service may take it on"


def _by_service(statement: Statement) -> bool:
    principal = statement.get("Principal")
    actions = {str(action).lower() for action in as_list(statement.get("Action"))}
    return isinstance(principal, dict) and set(principal) == {"Service"} and bool(actions) and actions <= TRUST


def own_principals(assembly: Assembly) -> Iterator[Found]:
    """Through an interface endpoint that admits other accounts, data could leave with somebody else's credentials."""
    for endpoint in assembly.of(ENDPOINT):
        if endpoint.get("VpcEndpointType") == "Interface":
            items = as_list(endpoint.get("PolicyDocument.Statement"))
            if who := _through(items, assembly):
                yield endpoint.label, f"{who.name} may use it"


def _through(items: list[Statement], assembly: Assembly) -> Outsider | None:
    allows = [item for item in items if item.get("Effect") == "Allow"]
    strange = (who for who in (FOREIGN, ANONYMOUS) for item in allows if reaches(item, who, assembly))
    return next(strange, None) if allows else FOREIGN


CONTROLS = (
    closed("bucket.closed", "bucket"),
    closed("key.closed", "key"),
    closed("topic.closed", "topic"),
    closed("queue.closed", "queue"),
    closed("image.closed", "image"),
    closed("log.closed", "log"),
    closed("registry.closed", "registry"),
    closed("function.closed", "function", PERMISSION),
    Control("iam.trust", "be assumable by a service on behalf of this account only", trusts),
    Control("network.endpoint-policy", "admit principals of this account only", own_principals),
)
