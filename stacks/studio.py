"""The Studio stack: the private network, and the SageMaker domain in it."""

from __future__ import annotations

from aws_cdk import ArnFormat, Fn
from constructs import Construct, IConstruct

from config import instances
from config.app import AppConfig
from imgcls.contract import keys
from stacks.base import PlatformStack
from stacks.constructs.acknowledgements import acknowledge_wildcard
from stacks.constructs.assets import CodeArchive, function_code
from stacks.constructs.clearing import Clearing
from stacks.constructs.network import ExistingNetwork, PrivateNetwork
from stacks.constructs.roles import ServiceRole
from stacks.constructs.store import Store
from stacks.constructs.studio_domain import StudioDomain

DESCRIBE_JOBS = (
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:DescribeTrainingJob",
)
READ_LOGS = ("logs:FilterLogEvents", "logs:GetLogEvents")


class StudioStack(PlatformStack):
    def __init__(self, scope: Construct, config: AppConfig, *, store: Store) -> None:
        super().__init__(scope, "Studio", config, purpose="network and SageMaker domain", keep=True)
        self._zones = config.network.zone_count
        network = self._add_network(config, store)
        self.placement = network.placement
        self.hand_on(*network.placement.subnets, *network.placement.security_groups)
        clearing = Clearing(
            self,
            "Clearing",
            code=function_code(self, {}),
            key=store.key,
            topic=store.topic,
            log_retention_days=config.monitoring.log_retention_days,
        )
        leftovers = self._clear(clearing, network)
        if config.studio.enabled:
            studio = StudioDomain(
                self,
                "Studio",
                config=config.studio,
                name=config.prefix,
                key=store.key,
                vpc_id=network.vpc_id,
                placement=network.placement,
            )
            if leftovers:
                studio.domain.node.add_dependency(leftovers)
            if not config.storage.retain:
                clearing.add_apps(studio)
            store.data.allow_read(studio.role, keys.DATASETS)
            store.data.allow_write(studio.role, keys.DATASETS)
            self._allow_platform(studio.role, config)
            store.artifacts.allow_read(studio.role, keys.PREPARED, keys.RUNS, keys.MODELS, keys.ALIASES)

    def _add_network(self, config: AppConfig, store: Store) -> PrivateNetwork | ExistingNetwork:
        efa = any(instances.has_efa(name) for name in config.training.types)
        if config.network.vpc_id:
            return ExistingNetwork(self, "Network", config=config.network, efa=efa)
        days = config.monitoring.log_retention_days
        network = PrivateNetwork(
            self, "Network", config=config.network, efa=efa, key=store.key, log_retention_days=days
        )
        layers = self.format_arn(
            service="s3", region="", account="", resource=f"prod-{self.region}-starport-layer-bucket"
        )
        # The archive itself is not needed here, but where this stack's synthesizer puts such archives.
        code = CodeArchive(self, "Code")
        buckets = [store.data.bucket_arn, store.artifacts.bucket_arn]
        network.add_s3_endpoint(
            [*buckets, code.bucket.bucket_arn], [*(f"{arn}/*" for arn in (*buckets, layers)), code.siblings]
        )
        return network

    @staticmethod
    def _clear(clearing: Clearing, network: PrivateNetwork | ExistingNetwork) -> IConstruct | None:
        """What must go after Studio and before the network; nothing where no part of the network is made here."""
        if isinstance(network, PrivateNetwork):
            return clearing.add_leftovers(network)
        return clearing.add_interfaces(network) if network.makes_group else None

    @property
    def availability_zones(self) -> list[str]:
        """The first zones of the account and region, chosen at deploy time. The CDK would look them up at synth."""
        return [Fn.select(index, Fn.get_azs()) for index in range(self._zones)]

    def _allow_platform(self, role: ServiceRole, config: AppConfig) -> None:
        """Let `role` find what is deployed, start and watch the pipeline, and ask the endpoint: all by fixed names."""
        machine = self._arn("states", "stateMachine", config.state_machine_name)
        executions = self._arn("states", "execution", f"{config.state_machine_name}:*")
        endpoint = self.format_arn(service="sagemaker", resource="endpoint", resource_name=config.endpoint.name.lower())
        role.allow(["states:StartExecution", "states:ListExecutions"], [machine])
        role.allow(["states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution"], [executions])
        role.allow(["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"], [endpoint])
        stacks = self.format_arn(service="cloudformation", resource="stack", resource_name=f"{config.stack_prefix}-*")
        role.allow(["cloudformation:DescribeStacks"], [stacks])
        jobs = [
            self.format_arn(service="sagemaker", resource=kind, resource_name="*")
            for kind in ("training-job", "processing-job", "hyper-parameter-tuning-job")
        ]
        role.allow(DESCRIBE_JOBS, jobs)
        logs = [self._arn("logs", "log-group", f"{name}:*") for name in job_logs(config)]
        role.allow(READ_LOGS, logs)
        role.allow_without_resource(["cloudwatch:GetMetricData"])
        for arn in (executions, stacks, *jobs, *logs):
            acknowledge_wildcard(role, arn, "runs name them; a notebook reads them, and stops executions")

    def _arn(self, service: str, resource: str, name: str) -> str:
        return self.format_arn(
            service=service, resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )


def job_logs(config: AppConfig) -> list[str]:
    """The log groups of jobs, which the whole account shares, and the endpoint's."""
    shared = [f"/aws/sagemaker/{kind}" for kind in ("TrainingJobs", "ProcessingJobs", "TransformJobs")]
    return [*shared, f"/aws/sagemaker/Endpoints/{config.endpoint.name}"]
