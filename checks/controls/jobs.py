"""Training, tuning and processing jobs as the state machine creates them. Rule packs do not read these fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from checks.assembly import Assembly, dig
from checks.control import Control
from checks.controls.network import in_two_subnets
from checks.controls.secrets import NAME, is_credential
from checks.machines import Task, either, tasks
from imgcls.contract.failures import job_kinds

PROCESSING, TRAINING, TUNING = (
    kind.operation("create") for kind in (job_kinds.PROCESSING, job_kinds.TRAINING, job_kinds.TUNING)
)


def job(task: Task) -> Mapping[str, Any]:
    """The parameters of the job; for a tuning job, those of its trials."""
    return task.parameters.get("TrainingJobDefinition", {}) if task.operation == TUNING else task.parameters


def network(task: Task) -> Mapping[str, Any]:
    return job(task).get("NetworkConfig", {}) if task.operation == PROCESSING else job(task)


def volume(task: Task) -> Mapping[str, Any]:
    parent = "ProcessingResources.ClusterConfig" if task.operation == PROCESSING else "ResourceConfig"
    found: Mapping[str, Any] = dig(job(task), parent, {})
    return found


def volume_key(task: Task, assembly: Assembly) -> bool:
    """Instances with local disks encrypt those themselves, and the service rejects a key for them."""
    kind = _kind(task)
    wanted = not assembly.expected["LocalDisks"][kind]
    return bool(assembly.at(volume(task).get("VolumeKmsKeyId"), "AWS::KMS::Key")) == wanted


def output_key(task: Task, assembly: Assembly) -> bool:
    member = "ProcessingOutputConfig" if task.operation == PROCESSING else "OutputDataConfig"
    return assembly.at(dig(job(task), f"{member}.KmsKeyId"), "AWS::KMS::Key") is not None


def in_network(task: Task, assembly: Assembly) -> bool:
    return in_two_subnets(network(task).get("VpcConfig", {}), assembly)


def encrypts_traffic(task: Task, assembly: Assembly) -> bool:
    """Encryption does not affect a job with one instance, and the field has no evidence in some tasks."""
    kind = "trial" if task.operation == TUNING else _kind(task)
    encrypted = network(task).get("EnableInterContainerTrafficEncryption") is True
    return encrypted or not assembly.expected["SeveralInstances"][kind]


def has_maximum_run_time(task: Task, _: Assembly) -> bool:
    """A tuning job has two: its own and that of each trial."""
    search = "HyperParameterTuningJobConfig.ResourceLimits.MaxRuntimeInSeconds"
    bounded = task.operation != TUNING or either(task.parameters, search) is not None
    return bounded and either(job(task), "StoppingCondition.MaxRuntimeInSeconds") is not None


def spot_resumes(task: Task, _: Assembly) -> bool:
    parameters = job(task)
    if not either(parameters, "EnableManagedSpotTraining"):
        return True
    longest = either(parameters, "StoppingCondition.MaxWaitTimeInSeconds")
    running = either(parameters, "StoppingCondition.MaxRuntimeInSeconds")
    literal = isinstance(longest, int) and isinstance(running, int)
    return "CheckpointConfig" in parameters and longest is not None and (not literal or longest >= running)


def no_secrets(task: Task, _: Assembly) -> bool:
    pairs = [
        (name.removesuffix(".$"), str(value))
        for group in ("HyperParameters", "StaticHyperParameters", "Environment")
        if isinstance(job(task).get(group), dict)
        for name, value in job(task)[group].items()
    ]
    return not any(NAME.search(name) or is_credential(value) for name, value in pairs)


def named_role(task: Task, assembly: Assembly) -> bool:
    return assembly.at(job(task).get("RoleArn"), "AWS::IAM::Role") is not None


def of_jobs(
    id: str, requirement: str, holds: Callable[[Task, Assembly], object], *, when: str | None = None
) -> Control:
    """A control on every job of every state machine; an assembly without jobs violates it as well."""

    def find(assembly: Assembly) -> Iterator[str]:
        found = [task for task in tasks(assembly) if task.operation in (PROCESSING, TRAINING, TUNING)]
        yield from (task.label for task in found if not holds(task, assembly))
        if not found:
            yield "the assembly (it does not contain jobs)"

    return Control(id, requirement, find, when)


def _kind(task: Task) -> str:
    if task.operation != PROCESSING:
        return "training"
    return "evaluation" if task.name.startswith("Evaluate") else "preparation"


CONTROLS = (
    of_jobs("job.volume-key", "encrypt its volume with the customer managed key, except local disks", volume_key),
    of_jobs("job.output-key", "encrypt its output with the customer managed key", output_key),
    of_jobs("job.network", "run in two subnets of the private network", in_network, when="IsolatedTraining"),
    of_jobs(
        "job.isolated",
        "have network isolation enabled",
        lambda task, _: network(task).get("EnableNetworkIsolation") is True,
        when="IsolatedTraining",
    ),
    of_jobs(
        "job.traffic",
        "encrypt the traffic between its containers if it may have several instances",
        encrypts_traffic,
        when="IsolatedTraining",
    ),
    of_jobs("job.stops", "have a maximum run time", has_maximum_run_time),
    of_jobs(
        "job.spot",
        "write checkpoints and have a maximum wait no shorter than its maximum run time, on spot instances",
        spot_resumes,
    ),
    of_jobs("job.secrets", "not contain secrets in hyperparameters or environment", no_secrets),
    of_jobs("job.role", "use a role of this platform", named_role),
)
