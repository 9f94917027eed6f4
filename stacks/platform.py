"""The whole platform: six stacks, each of which gets what it needs from those before it."""

from __future__ import annotations

from aws_cdk import Annotations, App, CloudFormationValidatePlugin, Stack, Tags, Validations
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from config.app import AppConfig
from imgcls.contract import keys
from stacks.constructs import region_gaps
from stacks.controls import ControlsPlugin
from stacks.images import ImagesStack
from stacks.monitoring import MonitoringStack
from stacks.serving import ServingStack
from stacks.storage import StorageStack
from stacks.studio import StudioStack
from stacks.training import TrainingStack

_ANY_ACCOUNT = (
    "environment {} does not say its account, so `cdk deploy` takes that of the credentials, whichever it is: write "
    "`account` into the project file; `kennel deploy` compares it with the credentials first"
)


def build(app: App, config: AppConfig, *, rule_packs: bool = True) -> None:
    """All stacks of one environment. With `rule_packs`, a finding that is not acknowledged fails the synth."""
    storage = StorageStack(app, config)
    store = storage.store
    placement = StudioStack(app, config, store=store).placement
    images = ImagesStack(app, config, store=store)
    training = TrainingStack(app, config, store=store, placement=placement, images=images.images)
    serving = ServingStack(app, config, store=store, placement=placement, images=images.images)
    monitoring = MonitoringStack(app, config, store=store, pipeline=training.metrics, endpoint=serving.metrics)
    # What they know of each other are names, which CloudFormation does not see: say the order.
    training.add_stack_dependency(images, "its jobs run the images")
    serving.add_stack_dependency(images, "its model runs the serving image")
    monitoring.add_stack_dependency(training, "it watches the pipeline")
    monitoring.add_stack_dependency(serving, "it watches the endpoint")
    for stack in app.node.children:
        if isinstance(stack, Stack):
            region_gaps.warn(stack)
    if config.cloud == "aws" and config.account is None:
        # On the stack that every other one needs: the CDK CLI shows it whichever is deployed.
        Annotations.of(storage).add_warning_v2("kennel:account", _ANY_ACCOUNT.format(config.environment))
    Tags.of(app).add(keys.PROJECT_TAG, config.project)
    Tags.of(app).add(keys.ENVIRONMENT_TAG, config.environment)
    if rule_packs:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app), ControlsPlugin())
    if rule_packs and config.strict:
        Validations.of(app).add_plugins(NIST80053R5Checks(app), CloudFormationValidatePlugin())
