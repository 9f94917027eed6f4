"""torchrun as AWS's toolkit starts it, among jobs that share the ports and the name of one machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.sagemaker.endpoints.connections import free_port

# The toolkit gives torchrun the same port in every job, which is free in a container of its own. This program stands
# before torchrun on the PATH and drops that option: torchrun then takes the job's port from PET_MASTER_PORT.
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


def wants_torchrun(request: Mapping[str, Any]) -> bool:
    """Whether a training job asks the toolkit for torchrun."""
    value = request.get("HyperParameters", {}).get("sagemaker_torch_distributed_enabled", "")
    return value.strip('"').lower() == "true"


def torchrun_variables() -> dict[str, str]:
    """What a job's containers need in their environment; the same for all of its hosts."""
    return {
        # AWS's PyTorch images name it for every job. It imports torch, so that jobs without torchrun go without it.
        "SAGEMAKER_TRAINING_MODULE": "sagemaker_pytorch_container.training:main",
        "PET_MASTER_PORT": str(free_port()),
        # Both would look up this machine's name and take what they find, which need not be an address of its own.
        "PET_MASTER_ADDR": "localhost",
        "GLOO_SOCKET_IFNAME": "lo",
    }
