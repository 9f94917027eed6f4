"""What an attacker, or a tired colleague, would change in a template: each must be found by our own controls alone."""

from tests.checks.breakages import (
    alarms,
    attackers,
    data,
    identities,
    machines,
    network,
    policies,
    second_look,
    templates,
)
from tests.checks.breakages.breakage import Break
from tests.checks.breakages.harmless import HARMLESS

__all__ = ["BREAKAGES", "FOUND_BY", "HARMLESS"]

BREAKAGES: dict[str, Break] = {
    f"{module.__name__.rpartition('.')[2]}: {name}": change
    for module in (policies, identities, network, data, alarms, machines, templates, second_look, attackers)
    for name, change in module.BREAKAGES.items()
}
"""Title -> the change of the templates."""
FOUND_BY = {
    "alarm.composed": "alarms: a composite that is false",
    "alarm.fires": "alarms: a threshold of a million",
    "alarm.reaches": "alarms: another machine",
    "bucket.closed": "policies: a bucket for everybody",
    "bucket.history": "second_look: versions kept for a day",
    "bucket.keeps-data": "data: models that expire",
    "budget.announces": "second_look: a budget far away",
    "data.order": "identities: functions to invoke",
    "data.published": "identities: aliases to write, for training",
    "data.test-split": "identities: the test split",
    "data.triggers": "second_look: a rule that publishes",
    "function.closed": "policies: a function for everybody",
    "function.gate": "second_look: a gate that passes all",
    "iam.bound": "identities: grants for anybody",
    "iam.holders": "attackers: Studio: changes the endpoint",
    "iam.jobs": "identities: an endpoint to change, for training",
    "iam.readable": "templates: an included policy",
    "image.closed": "policies: images for everybody",
    "job.image": "machines: an image of another account",
    "job.plain": "machines: a shell in training",
    "job.short": "machines: thirty days of training",
    "log.closed": "policies: logs for everybody",
    "machine.gated": "machines: no look at the gate",
    "machine.readable": "machines: JSONata",
    "network.egress": "network: everything out",
    "network.services": "network: an endpoint of somebody",
    "queue.closed": "policies: a queue for everybody",
    "registry.closed": "data: a model group for everybody",
    "stack.closed": "data: CORS for everybody",
    "stack.code": "data: a function's code from elsewhere",
    "stack.destinations": "data: a rule with a target elsewhere",
    "stack.known": "identities: a user",
    "stack.own-account": "data: a build that pushes elsewhere",
    "stack.secrets": "data: a secret in a function",
    "stack.settings": "data: a function with another endpoint",
    "stack.subscribers": "data: a subscription by HTTPS",
    "stack.unconditional": "templates: a bucket policy that is not there",
    "stack.written-out": "network: a range by a parameter",
    "task.channels": "machines: a channel of the test split",
    "task.input": "machines: outputs where the input says",
    "task.integration": "machines: a call over HTTP",
    "task.locations": "machines: outputs elsewhere",
    "task.splits": "attackers: evaluation: on the train split",
    "task.short": "machines: thirty days of waiting for a task",
}
"""Control -> a breakage that it, and not only another one, must find."""
