"""The whole platform: six stacks, each handed what it needs from those before it."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import App, CloudFormationValidatePlugin, Tags, Validations
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from config.app import AppConfig
from stacks.images import ImagesStack
from stacks.monitoring import MonitoringStack
from stacks.serving import ServingStack
from stacks.storage import StorageStack
from stacks.studio import StudioStack
from stacks.training import TrainingStack


@dataclass(frozen=True)
class Platform:
    storage: StorageStack
    studio: StudioStack
    images: ImagesStack
    training: TrainingStack
    serving: ServingStack
    monitoring: MonitoringStack


def build(app: App, config: AppConfig, *, rule_packs: bool = True) -> Platform:
    """All stacks of one environment below `app`. With `rule_packs`, a finding without a reason fails the synth."""
    storage = StorageStack(app, config)
    studio = StudioStack(app, config, storage=storage)
    images = ImagesStack(app, config, storage=storage)
    training = TrainingStack(app, config, storage=storage, studio=studio, images=images)
    serving = ServingStack(app, config, storage=storage, studio=studio, images=images)
    monitoring = MonitoringStack(app, config, storage=storage, training=training, serving=serving)
    Tags.of(app).add("kennel:environment", config.environment)
    if rule_packs:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    if rule_packs and config.strict:
        Validations.of(app).add_plugins(NIST80053R5Checks(app), CloudFormationValidatePlugin())
    return Platform(storage, studio, images, training, serving, monitoring)
