"""Who may read the test split and who may write what is served, whichever policy or pattern says so.

Each rule asks every role for one object: the pattern of a policy may have any shape.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, Found
from checks.controls.jobs import TRAINING, TUNING, job
from checks.documents import ROLE, of_role, readable
from checks.machines import KIND as MACHINE
from checks.machines import handler_of, tasks
from checks.outsiders import services
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
        for key in (*WRITERS, *LOCKED_AWAY):
            if not (names and names <= set(DELETERS)) and may(role, DELETING, key, assembly):
                yield role.label, f"it may delete {key}"


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
    Control("data.triggers", "not invoke what publishes: the state machine does, after gate and test", triggers),
    Control("data.order", "leave the invocation of functions to the state machine", invokers),
)
