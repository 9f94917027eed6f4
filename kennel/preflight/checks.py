"""The checks by their ids, in the order in which they run, and which rows of docs/never-run.md each settles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kennel.preflight import account, execution, images, machine, network, policies, project, quotas, templates
from kennel.preflight.finding import Finding
from kennel.preflight.project import Templates
from kennel.preflight.subject import Subject

Found = Iterator[Finding]


@dataclass(frozen=True)
class Check:
    """`find` yields at least one finding. `settles`: the row that is proved when all of them are ok."""

    id: str
    about: str
    find: Callable[[Subject], Found]
    settles: str = ""


@dataclass(frozen=True)
class MachineCheck:
    """A check that needs no account."""

    id: str
    about: str
    find: Callable[[], Found]


@dataclass(frozen=True)
class ProjectCheck:
    """A check that needs only the project file."""

    id: str
    about: str
    find: Callable[[Templates], Found]


MACHINE = (
    MachineCheck("python", "the version of Python", machine.python),
    MachineCheck("node", "the version of Node", machine.node),
    MachineCheck("cdk", "the CDK CLI", machine.cdk_cli),
)
PROJECT = (
    ProjectCheck("project", "the project file", project.settings),
    ProjectCheck("image-table", "AWS's table of training images", project.stock_image),
    ProjectCheck("synth", "the templates", project.synthesis),
)
CREDENTIALS = "credentials"
"""The check that making a session is: without it the others of the account cannot be made."""
ACCOUNT = (
    Check(CREDENTIALS, "whose account it is", account.account),
    Check("bootstrap", "the CDK's bootstrap stack", account.bootstrap),
    Check("execution-role", "what CloudFormation may do", execution.allowed),
    Check("region", "resource types in the region", account.region, "resource-types"),
    Check("stock-image", "the stock images in their registry", images.stock, "stock-image"),
    Check("quota-pace", "reading the quotas", quotas.pace, "quota-pace"),
    Check("quotas", "instances at once", quotas.instances, "instance-quotas"),
    Check("builds", "builds at once", quotas.builds),
    Check("linked-roles", "roles that AWS makes", account.linked_roles),
    Check("network", "the zones, or the existing VPC", network.existing),
    Check("subscribers", "who hears of failures", account.subscribers),
    Check("audit-trail", "the log group of CloudTrail", account.audit_trail),
    Check("definition", "the state machine", templates.definition, "definition-accepted"),
    Check("policies", "the roles' policies", policies.simulated, "iam-simulated"),
    Check("change-sets", "the templates", templates.change_sets),
)
