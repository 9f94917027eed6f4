"""Runs torchrun as AWS's toolkit starts it, although all jobs share the ports and the name of one machine."""

from __future__ import annotations

from localcloud.sagemaker.containers.connections import free_port
from localcloud.sagemaker.jobs.training.request import TrainingRequest

# The toolkit gives torchrun the same port in every job, which is always free in a real container. This program precedes
# torchrun on the PATH and drops that option, so that torchrun takes the job's port from PET_MASTER_PORT.
TORCHRUN = """#!/bin/sh
for argument; do
  shift
  case $argument in
    --master_port) skip=yes ;;
    *) [ "$skip" = yes ] || set -- "$@" "$argument"; skip= ;;
  esac
done
exec python -m torch.distributed.run "$@"
"""


def wants_torchrun(request: TrainingRequest) -> bool:
    """Whether a training job's hyperparameters tell the toolkit to use torchrun."""
    value = request.get("HyperParameters", {}).get("sagemaker_torch_distributed_enabled", "")
    return value.strip('"').lower() == "true"


def torchrun_variables() -> dict[str, str]:
    """The variables that torchrun needs in a job's containers; the same for all of its hosts."""
    return {
        # AWS's PyTorch images set this for every job. It imports torch, so here jobs without torchrun do not get it.
        "SAGEMAKER_TRAINING_MODULE": "sagemaker_pytorch_container.training:main",
        "PET_MASTER_PORT": str(free_port()),
        # Otherwise it looks up this machine's name, which need not resolve to one of its own addresses.
        "PET_MASTER_ADDR": "localhost",
    }
