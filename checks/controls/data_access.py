"""Who may read the test split and who may write what is served, whichever policy or pattern says so.

Each rule asks every role for one object: the pattern of a policy may have any shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, Found
from checks.controls.jobs import PROCESSING, TRAINING, TUNING, job
from checks.documents import ROLE, Statement, of_role, readable
from checks.machines import KIND as MACHINE
from checks.machines import handler_of, tasks
from checks.outsiders import services
from checks.ownership import canonical
from checks.permitted_actions import HELD
from checks.policies import service_name
from imgcls.contract import keys
from localcloud.iam_policy.globs import overlap
from localcloud.iam_policy.statements import covers_resource

BUCKET, FUNCTION = "AWS::S3::Bucket", "AWS::Lambda::Function"
LOCKED_AWAY = (f"{keys.PREPARED}0123456789abcdef/test/pack-000.bin", f"{keys.DATASETS}a-set/test/a-class/1.jpg")
"""What training must not have seen, as preparation and as users store it."""
READING = "s3:getobject*"
WRITING = ("s3:putobject*", "s3:replicate*", "s3:restoreobject")
DELETING = ("s3:deleteobject*",)
WRITERS: dict[str, tuple[str, ...]] = {
    f"{keys.ALIASES}a-model.json": ("publish_model",),
    f"{keys.STAGED}a-model.json": ("publish_model",),
    f"{keys.MODELS}a-model/20260101-000000-abcdef01/model.tar.gz": ("stage_artifact", "publish_model"),
}
"""Object -> the functions that may write it."""
PREPARED, RUN = LOCKED_AWAY[0], f"{keys.RUNS}a-run/a-model/evaluation.json"
"""What the gate judges by: the split, which preparation writes, and the answer of the evaluation."""
DELETERS = ("empty_storage", "seed_prefix")
LAST_STEPS = ("publish_model", "stage_artifact", "register_model")
MENTIONS = (
    MACHINE,
    "AWS::IAM::Policy",
    "AWS::CloudWatch::Dashboard",
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventInvokeConfig",
)
INVOKERS = {"states"}
"""Services whose roles may invoke functions: the state machine's order is what holds publishing back."""


def may(role: Resource, actions: tuple[str, ...], key: str, assembly: Assembly) -> bool:
    """Whether a role may do one of the actions with the object `key` of some bucket."""
    for statement in of_role(role, assembly):
        patterns = [str(action).lower() for action in as_list(statement.get("Action"))]
        if "NotAction" in statement or any(overlap(wanted, pattern) for wanted in actions for pattern in patterns):
            for bucket in assembly.of(BUCKET):
                names = (
                    f"${{{bucket.label}.Arn}}/{key}",
                    f"arn:${{AWS::Partition}}:s3:::{bucket.ref}/{key}",
                    f"arn:aws:s3:::{bucket.ref}/{key}",
                )
                if any(covers_resource(statement, name) for name in names):
                    return True
    return False


def of_training(assembly: Assembly) -> list[Resource]:
    """The roles of training jobs and trials."""
    found = [job(task).get("RoleArn") for task in tasks(assembly) if task.operation in (TRAINING, TUNING)]
    return [role for role in assembly.of(ROLE) if any(role.points_at(arn) for arn in found)]


def handlers(role: Resource, assembly: Assembly) -> set[str]:
    """The functions that run as a role, by the folder of their handler."""
    return {handler_of(item) for item in assembly.of(FUNCTION) if role.points_at(item.get("Role"))}


def test_readers(assembly: Assembly) -> Iterator[Found]:
    for role in of_training(assembly):
        for key in LOCKED_AWAY:
            if may(role, (READING,), key, assembly):
                yield role.label, f"it may read {key}"


def writers(assembly: Assembly) -> Iterator[Found]:
    for role in assembly.of(ROLE):
        names = handlers(role, assembly)
        for key, permitted in WRITERS.items():
            if not (names and names <= set(permitted)) and may(role, WRITING, key, assembly):
                yield role.label, f"it may write {key}"
        jobs = _of_jobs(role, assembly)
        for key, writers_of in ((PREPARED, {PROCESSING}), (RUN, {PROCESSING, TRAINING, TUNING, "states", "plan_run"})):
            if not (names | jobs) & writers_of and may(role, WRITING, key, assembly):
                yield role.label, f"it may write {key}"
        if any(_writes_assets(item, assembly) for item in of_role(role, assembly)):
            yield role.label, "it may write the code that the next deployment runs"
        for key in (*WRITERS, *LOCKED_AWAY):
            if not (names and names <= set(DELETERS)) and may(role, DELETING, key, assembly):
                yield role.label, f"it may delete {key}"


def _of_jobs(role: Resource, assembly: Assembly) -> set[str]:
    """The operations whose jobs run as a role, and `states` for that of a state machine."""
    found = {task.operation for task in tasks(assembly) if role.points_at(job(task).get("RoleArn"))}
    return found | {"states" for machine in assembly.of(MACHINE) if role.points_at(machine.get("RoleArn"))}


def _writes_assets(statement: Statement, assembly: Assembly) -> bool:
    patterns = [str(action).lower() for action in as_list(statement.get("Action"))]
    places = [canonical(str(place), assembly) for place in as_list(statement.get("Resource"))]
    changes = any(overlap(wanted, pattern) for wanted in (*WRITING, *DELETING) for pattern in patterns)
    return changes and any(":s3:::cdk-" in place for place in places)


def holders(assembly: Assembly) -> Iterator[Found]:
    for role in assembly.of(ROLE):
        trust = readable(role.get("AssumeRolePolicyDocument"))
        who = handlers(role, assembly) | {service_name(name) for item in trust for name in services(item)}
        for item in of_role(role, assembly):
            for name in map(str, as_list(item.get("Action"))):
                held = next((by for pattern, by in HELD.items() if re.fullmatch(pattern, name.lower())), who)
                if not who & held:
                    yield role.label, f"{name} is for {', '.join(sorted(held))}"


def invokers(assembly: Assembly) -> Iterator[Found]:
    """Whoever invokes PublishModel by itself publishes without gate and test."""
    machines = [machine.get("RoleArn") for machine in assembly.of(MACHINE)]
    for role in assembly.of(ROLE):
        trust = {
            service_name(name) for item in readable(role.get("AssumeRolePolicyDocument")) for name in services(item)
        }
        if trust == INVOKERS and any(role.points_at(arn) for arn in machines):
            continue
        for statement in of_role(role, assembly):
            patterns = [str(action).lower() for action in as_list(statement.get("Action"))]
            if any(overlap("lambda:invoke*", pattern) for pattern in patterns):
                yield role.label, "it may invoke functions"


def triggers(assembly: Assembly) -> Iterator[Found]:
    """Whatever else invokes a function of the last steps, does so without the steps before."""
    last = [item for item in assembly.of(FUNCTION) if handler_of(item) in LAST_STEPS]
    for resource in assembly.resources if last else ():
        if resource.kind not in MENTIONS and any(item.ref[:-1] in text for item in last for text in resource.texts):
            yield resource.label, "it refers to a function of the last steps"


CONTROLS = (
    Control("data.test-split", "not read a test split: training must not see what it is judged by", test_readers),
    Control("data.published", "not write or delete what another step publishes", writers),
    Control("iam.holders", "leave what publishes, approves, builds and starts jobs to whose work it is", holders),
    Control("data.triggers", "not invoke what publishes: the state machine does, after gate and test", triggers),
    Control("data.order", "leave the invocation of functions to the state machine", invokers),
)
