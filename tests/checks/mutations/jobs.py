"""Jobs in the state machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.checks.mutations.mutant import MUTATIONS, Mutant, breaks


def _job(control: str, name: str, edit: Callable[[dict[str, Any]], object], *operations: str) -> None:
    def edited(mutant: Mutant) -> None:
        mutant.edit_jobs(edit, *operations)

    edited.__name__ = f"{name}-{'-'.join(operations) or 'jobs'}"
    MUTATIONS.append((control, edited))


PROCESSING, TRAINING, TUNING = "createProcessingJob", "createTrainingJob", "createHyperParameterTuningJob"
_CLUSTER = "ClusterConfig"
_job("job.volume-key", "no-key", lambda p: p["ProcessingResources"][_CLUSTER].pop("VolumeKmsKeyId"), PROCESSING)
for _operation in (TRAINING, TUNING):
    # Training in prod runs on instances with local disks, which refuse a key.
    _job("job.volume-key", "key", lambda p: p["ResourceConfig"].update(VolumeKmsKeyId="${KeyArn}"), _operation)
    _job("job.output-key", "no-key", lambda p: p["OutputDataConfig"].pop("KmsKeyId"), _operation)
    _job("job.network", "no-vpc", lambda p: p.pop("VpcConfig"), _operation)
    _job("job.network", "one-subnet", lambda p: p["VpcConfig"].update(Subnets=["${Subnet1}"]), _operation)
    _job("job.isolated", "online", lambda p: p.update(EnableNetworkIsolation=False), _operation)
    _job("job.stops", "endless", lambda p: p.pop("StoppingCondition"), _operation)
    _job("job.role", "foreign-role", lambda p: p.update(RoleArn="arn:aws:iam::999999999999:role/x"), _operation)
_job("job.output-key", "no-key", lambda p: p["ProcessingOutputConfig"].pop("KmsKeyId"), PROCESSING)
_job("job.network", "no-vpc", lambda p: p["NetworkConfig"].pop("VpcConfig"), PROCESSING)
_job("job.isolated", "online", lambda p: p["NetworkConfig"].pop("EnableNetworkIsolation"), PROCESSING)
_job("job.stops", "endless", lambda p: p.pop("StoppingCondition"), PROCESSING)
_job("job.secrets", "secret", lambda p: p.update(Environment={"DB_PASSWORD": "x"}), TRAINING)
_job("job.secrets", "access-key", lambda p: p.update(Environment={"USER": "AKIAABCDEFGHIJKLMNOP"}), PROCESSING)


@breaks("job.traffic")
def several_instances_whose_traffic_is_plain(mutant: Mutant) -> None:
    """One instance is configured, so the field is not there: the promise is what is changed."""
    for template in mutant.templates.values():
        template["Metadata"]["Kennel::Controls"]["SeveralInstances"]["training"] = True


@breaks("job.spot")
def spot_without_checkpoints(mutant: Mutant) -> None:
    def edit(parameters: dict[str, Any]) -> None:
        parameters["EnableManagedSpotTraining"] = True
        parameters["StoppingCondition"]["MaxWaitTimeInSeconds"] = 10**6
        parameters.pop("CheckpointConfig", None)

    mutant.edit_jobs(edit, TRAINING)


@breaks("job.spot")
def spot_trials_without_checkpoints(mutant: Mutant) -> None:
    mutant.edit_jobs(
        lambda p: p["StoppingCondition"].update(MaxWaitTimeInSeconds=10**6) or p.update(EnableManagedSpotTraining=True),
        TUNING,
    )


@breaks("job.spot")
def spot_that_waits_too_little(mutant: Mutant) -> None:
    limits = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 60}
    mutant.edit_jobs(lambda p: p.update(EnableManagedSpotTraining=True, StoppingCondition=limits), TRAINING)


@breaks("job.stops")
def a_search_without_an_end(mutant: Mutant) -> None:
    mutant.edit_tasks(
        TUNING, lambda p: p["HyperParameterTuningJobConfig"]["ResourceLimits"].pop("MaxRuntimeInSeconds.$")
    )
