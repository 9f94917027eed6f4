"""The Training stack: the pipeline's state machine, its functions, its schedule and the roles of its jobs."""

from __future__ import annotations

from aws_cdk import ArnFormat, CfnOutput
from constructs import Construct

import pipeline
from config.app import AppConfig
from pipeline.placeholders import SUBNETS, Placeholder
from stacks.base import PlatformStack
from stacks.constructs.assets import CodeArchive
from stacks.constructs.container_image import PlatformImages
from stacks.constructs.job_roles import evaluation_role, preparation_role, training_role
from stacks.constructs.network import Placement
from stacks.constructs.pipeline import PipelineStateMachine
from stacks.constructs.pipeline_functions import PipelineFunctions
from stacks.constructs.pipeline_metrics import PipelineMetrics
from stacks.constructs.schedule import PipelineSchedule
from stacks.constructs.store import Store


class TrainingStack(PlatformStack):
    """`metrics`: those of the whole pipeline."""

    def __init__(
        self, scope: Construct, config: AppConfig, *, store: Store, placement: Placement, images: PlatformImages
    ) -> None:
        super().__init__(scope, "Training", config, purpose="training pipeline")
        code = CodeArchive(self, "Code")
        functions = PipelineFunctions(
            self, "Functions", config=config, store=store, serving_image=images.serving, code_file=code.file_name
        )
        roles = {
            Placeholder.PREPARATION_ROLE_ARN: preparation_role(
                self, store, image=images.jobs, code=code, in_parts=config.preparation.instance_count > 1
            ),
            Placeholder.TRAINING_ROLE_ARN: training_role(self, store, image=images.training, code=code),
            Placeholder.EVALUATION_ROLE_ARN: evaluation_role(self, store, image=images.jobs, code=code),
        }
        machine = PipelineStateMachine(
            self,
            "Pipeline",
            name=config.state_machine_name,
            definition=pipeline.state_machine(config),
            values={
                Placeholder.DATA_BUCKET: store.data.bucket_name,
                Placeholder.ARTIFACTS_BUCKET: store.artifacts.bucket_name,
                Placeholder.KEY_ARN: store.key.key_arn,
                Placeholder.TOPIC_ARN: store.topic.topic_arn,
                Placeholder.CODE_BUCKET: code.s3_bucket_name,
                Placeholder.CODE_KEY: code.s3_object_key,
                Placeholder.TRAINING_IMAGE: images.training.uri,
                Placeholder.JOBS_IMAGE: images.jobs.uri,
                Placeholder.SECURITY_GROUP_ID: placement.security_groups[0],
                **dict(zip(SUBNETS, placement.subnets, strict=False)),
                **functions.arns,
                **{placeholder: role.role_arn for placeholder, role in roles.items()},
            },
            key=store.key,
            log_retention_days=config.monitoring.log_retention_days,
        )
        for role in roles.values():
            machine.node.add_dependency(role)
        schedule = PipelineSchedule(
            self, "Schedule", config=config.pipeline.schedule, state_machine_arn=machine.arn, key=store.key
        )
        self.hand_on(schedule.undelivered.queue_name)
        self.metrics = PipelineMetrics(
            self.format_arn(
                service="states",
                resource="stateMachine",
                resource_name=config.state_machine_name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            environment=config.prefix,
            functions=self.stack_name,
            undelivered=schedule.undelivered.metric_approximate_number_of_messages_visible(),
        )
        CfnOutput(self, "StateMachineArn", value=machine.arn)
        # For `kennel models rollback`: only this function writes aliases.
        CfnOutput(self, "PublishModelFunction", value=functions.arns[Placeholder.PUBLISH_MODEL_ARN])
