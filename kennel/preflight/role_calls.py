"""What the code of each role calls, written apart from the policies: what IAM must answer with `allowed`.

tests/kennel/preflight holds the functions' rows to the calls in their code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from config.app import AppConfig
from imgcls.contract import keys, metrics
from kennel.preflight.stand_ins import DOMAIN, STACK, VPC

DATA, ARTIFACTS, KEY, TOPIC, MACHINE, CODE = "data", "artifacts", "key", "topic", "machine", "code"
PROJECT, REPOSITORY = "project", "repository"
"""Resources of the platform, by which a row names where a call goes; `sagemaker:...` is an ARN of that service.
`${...}` is filled in as in a template."""


@dataclass(frozen=True)
class Call:
    """One action on one resource: a name above with a key behind it, a part of an ARN, or `*`."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


def _read(*names: str) -> list[Call]:
    return [Call("s3:GetObject", name) for name in names] + [Call("kms:Decrypt", KEY)]


def _write(*names: str) -> list[Call]:
    return [Call("s3:PutObject", name) for name in names] + [Call("kms:GenerateDataKey", KEY)]


def encrypt_message(topic: str | None) -> Call:
    """What a publisher asks of the topic's key: ours, or that of a topic which exists."""
    if topic is None:
        return Call("kms:GenerateDataKey", KEY)
    return Call("kms:GenerateDataKey", "kms:key/x", {"kms:EncryptionContext:aws:sns:topicArn": topic})


def _list(bucket: str, prefix: str) -> Call:
    return Call("s3:ListBucket", bucket, {"s3:prefix": prefix})


def _at(key: str) -> str:
    return f"{ARTIFACTS}/{key}"


_RUN, _MODEL, _DATASET = _at(keys.run("r", "m") + "x"), _at(keys.model("m", "v")), f"{DATA}/{keys.dataset('d')}x.jpg"
_VERSION = keys.target_model("m", "v")
_JOB_METRICS = Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"})


def _job(log_group: str) -> list[Call]:
    """What SageMaker does with a job's role before any code of ours runs."""
    return [
        Call("logs:CreateLogStream", f"logs:log-group:{log_group}:log-stream:x"),
        Call("logs:PutLogEvents", f"logs:log-group:{log_group}:log-stream:x"),
        Call("ecr:GetAuthorizationToken"),
        Call("ec2:CreateNetworkInterface"),
        Call("ec2:DescribeSubnets"),
        _JOB_METRICS,
        Call("s3:GetObject", CODE),
    ]


def calls(config: AppConfig) -> dict[str, list[Call]]:
    """Beginning of the role's logical id -> what is called with it."""
    schedule = {"ScheduleRole": [Call("states:StartExecution", MACHINE)]}
    builds = _builds() if config.images.source == "codebuild" else {}
    return {**_functions(config), **_custom_resources(config), **_jobs(), **_serving(config), **schedule, **builds}


def _builds() -> dict[str, list[Call]]:
    image = ("BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")
    return {
        "BuildStarterRole": [
            Call("codebuild:StartBuild", PROJECT),
            Call("codebuild:BatchGetBuilds", PROJECT),
            Call("ecr:BatchGetImage", REPOSITORY),
            Call("sns:Publish", TOPIC),
        ],
        "BuildBuildRole": [
            Call("ecr:GetAuthorizationToken"),
            *(Call(f"ecr:{action}", REPOSITORY) for action in (*image, "BatchGetImage")),
            Call("kms:Decrypt", KEY),
        ],
    }


def _functions(config: AppConfig) -> dict[str, list[Call]]:
    endpoint = f"sagemaker:endpoint/{config.endpoint.name.lower()}"
    group = f"{config.prefix}-m"
    return {
        "FunctionsPlanRunRole": [
            _list(DATA, keys.dataset("d")),
            *_read(_at(keys.alias("m")), _at(keys.weights("n")), _at(keys.labels(_VERSION)), _RUN),
            *_read(_at(keys.staged("m")), _at(keys.evaluation_of(_VERSION))),
            *_write(_RUN, _at(keys.NO_CHAMPION + "x")),
            Call("servicequotas:ListServiceQuotas"),
            Call("servicequotas:ListAWSDefaultServiceQuotas"),
            Call("sagemaker:DescribeModelPackage", f"sagemaker:model-package/{group}/1"),
        ],
        "FunctionsEmitFindingsRole": [
            Call("sagemaker:DescribeTrainingJob", "sagemaker:training-job/x"),
            Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": metrics.NAMESPACE}),
        ],
        "FunctionsQualityGateRole": _read(_RUN),
        "FunctionsRegisterModelRole": [
            *_read(_RUN, _MODEL),
            Call("sagemaker:CreateModelPackage", f"sagemaker:model-package/{group}/1"),
            Call("sagemaker:DescribeModelPackage", f"sagemaker:model-package/{group}/1"),
            Call("sagemaker:UpdateModelPackage", f"sagemaker:model-package/{group}/1"),
            Call("sagemaker:CreateModelPackageGroup", f"sagemaker:model-package-group/{group}"),
            Call("sagemaker:AddTags", f"sagemaker:model-package-group/{group}"),
        ],
        "FunctionsStageArtifactRole": [
            *_read(_RUN, _MODEL),
            *_write(_MODEL, _at(keys.labels(_VERSION)), _at(keys.evaluation_of(_VERSION))),
            *_write(_at(keys.golden_of(_VERSION) + "x")),
        ],
        "FunctionsSmokeTestRole": [
            *_read(_at(keys.golden_of(_VERSION) + "x")),
            Call("sagemaker:DescribeEndpoint", endpoint),
            Call("sagemaker:InvokeEndpoint", endpoint),
        ],
        "FunctionsPublishModelRole": [
            *_read(_at(keys.alias("m")), _at(keys.staged("m")), _MODEL),
            *_write(_at(keys.alias("m")), _at(keys.staged("m"))),
        ]
        + (_refresh(config, endpoint) if config.pipeline.publish.stable_key else []),
    }


def _refresh(config: AppConfig, endpoint: str) -> list[Call]:
    found = _write(_at(keys.model("m")))
    if config.pipeline.publish.refresh_stable_key:
        copy = f"sagemaker:endpoint-config/{config.endpoint.name.lower()}-refresh-x"
        found += [
            Call("sagemaker:DescribeEndpoint", endpoint),
            Call("sagemaker:UpdateEndpoint", endpoint),
            *(Call(f"sagemaker:{verb}EndpointConfig", copy) for verb in ("Create", "Describe", "Delete")),
        ]
    return found


def _custom_resources(config: AppConfig) -> dict[str, list[Call]]:
    """What functions do for the stacks themselves, mostly when those are deleted."""
    seed = _at(keys.MODELS_SEED)
    group = f"logs:log-group:/aws/sagemaker/Endpoints/{config.endpoint.name}"
    verbs = ("AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy")
    return {
        "SeedFunctionRole": [
            Call("s3:PutObject", seed),
            Call("kms:GenerateDataKey", KEY),
            *(Call(f"s3:{action}", seed) for action in _DELETE),
            Call("s3:ListBucketVersions", ARTIFACTS, {"s3:prefix": keys.MODELS_SEED}),
        ],
        "LogsFunctionRole": [_OWN_STACK, *(Call(f"logs:{verb}", group) for verb in verbs)],
        "ClearingFunctionRole": [_OWN_STACK, *_clear_network(config)],
        **({} if config.storage.retain else {"EmptyingFunctionRole": [_OWN_STACK, *_empty_storage(config)]}),
    }


_OWN_STACK = Call("cloudformation:DescribeStacks", STACK)
_DELETE = ("DeleteObject", "DeleteObjectVersion")


def _empty_storage(config: AppConfig) -> list[Call]:
    name = f"{config.prefix}-m"
    group, version = f"sagemaker:model-package-group/{name}", f"sagemaker:model-package/{name}/1"
    return [
        *(Call(f"s3:{action}", bucket) for bucket in (DATA, ARTIFACTS) for action in _EMPTY),
        *(Call(f"s3:{action}", f"{bucket}/x") for bucket in (DATA, ARTIFACTS) for action in _DELETE),
        Call("sagemaker:ListModelPackageGroups"),
        Call("sagemaker:ListModelPackages"),
        Call("sagemaker:ListTags", group),
        Call("sagemaker:DeleteModelPackage", version),
        Call("sagemaker:DeleteModelPackageGroup", group),
    ]


_EMPTY = ("ListBucketVersions", "DeleteBucket")


def _clear_network(config: AppConfig) -> list[Call]:
    found = list(_leftovers(config))
    if config.studio.enabled and not config.storage.retain:
        found += [Call("sagemaker:ListApps"), Call("sagemaker:ListSpaces")]
        found += [Call(f"sagemaker:Delete{kind}", f"sagemaker:{kind.lower()}/{DOMAIN}/x") for kind in ("App", "Space")]
    return found


def _leftovers(config: AppConfig) -> Iterator[Call]:
    interface = "ec2:network-interface/eni-0"
    if config.network.vpc_id is None:
        yield Call("ec2:DescribeNetworkInterfaces")
        yield Call("ec2:DescribeSecurityGroups")
        yield Call("ec2:DeleteNetworkInterface", interface, {"ec2:Vpc": VPC})
        for verb in ("DeleteSecurityGroup", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"):
            yield Call(f"ec2:{verb}", "ec2:security-group/sg-0", {"ec2:Vpc": VPC})
    elif not config.network.security_group_ids:
        yield Call("ec2:DescribeNetworkInterfaces")
        for name in config.network.subnet_ids:
            subnet = f"arn:${{AWS::Partition}}:ec2:${{AWS::Region}}:${{AWS::AccountId}}:subnet/{name}"
            yield Call("ec2:DeleteNetworkInterface", interface, {"ec2:Subnet": subnet})


def _jobs() -> dict[str, list[Call]]:
    prepared = keys.prepared("0")
    splits = [_at(f"{prepared}{split}/x") for split in ("train", "validation")]
    processing = _job("/aws/sagemaker/ProcessingJobs")
    return {
        "PreparationRole": [
            *processing,
            _list(DATA, keys.dataset("d")),
            *_read(_DATASET, _RUN),
            *_write(_at(f"{prepared}x")),
        ],
        "TrainingRole": [
            *_job("/aws/sagemaker/TrainingJobs"),
            *_read(*splits, _at(keys.weights("n")), _RUN),
            *_write(_RUN),
        ],
        "EvaluationRole": [*processing, *_read(_at(f"{prepared}test/x"), _MODEL, _RUN), *_write(_RUN)],
    }


def _serving(config: AppConfig) -> dict[str, list[Call]]:
    endpoint = [call for call in _job(f"/aws/sagemaker/Endpoints/{config.endpoint.name}") if call.resource != CODE]
    transform = [call for call in _job("/aws/sagemaker/TransformJobs") if call.resource != CODE]
    images, answers = f"{DATA}/{keys.batch_input('j')}x", f"{DATA}/{keys.batch_output('j')}x"
    return {
        "Role": [*endpoint, *_read(_MODEL)],
        "TransformRole": [*transform, *_read(_MODEL, images), *_write(answers)],
    }
