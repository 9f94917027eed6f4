"""The processes that train one network together: this one's rank, and what they exchange.

torchrun starts them, on one host or several, and passes each its rank by environment variables; AWS's toolkit calls
torchrun for a job with the hyperparameter `sagemaker_torch_distributed_enabled`. A process that was started alone is
its own main process, and every function here returns at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

from imgcls.runtime import devices


@contextmanager
def joined(environment: Mapping[str, str]) -> Iterator[torch.device]:
    """Join the process group that the environment describes, and leave it at the end. Yields this process's device.

    Tensors on the CPU are exchanged by gloo, those on a GPU by NCCL. Raises DeviceError for a GPU that does not work.
    """
    device = devices.of_this_process(environment)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if int(environment.get("WORLD_SIZE", 1)) == 1:
        yield device
        return
    _lead_to_the_hosts_network(environment)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def _lead_to_the_hosts_network(environment: Mapping[str, str]) -> None:
    """Name the interface between a job's instances. Without it gloo looks up this host's name, and where that does not
    resolve it listens on loopback, where the other instances never reach it."""
    if interface := environment.get("SM_NETWORK_INTERFACE_NAME"):
        for library in ("GLOO", "NCCL"):
            os.environ.setdefault(f"{library}_SOCKET_IFNAME", interface)


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def num_on_this_host() -> int:
    """The number of processes that share this host's cores."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def is_main() -> bool:
    """Whether this is the one process that prints, records, and writes checkpoints and the artifact."""
    return rank() == 0


def all_reduce_sum(tensor: Tensor) -> Tensor:
    """Replace `tensor` by the sum over all processes, in place, and return it."""
    if world_size() > 1:
        dist.all_reduce(tensor)
    return tensor


def largest(value: int) -> int:
    """The largest of the processes' values."""
    if world_size() == 1:
        return value
    tensor = torch.tensor(value)
    dist.all_reduce(tensor, dist.ReduceOp.MAX)
    return int(tensor)


def from_main(data: bytes | None) -> bytes | None:
    """What the main process passed, returned in every process."""
    if world_size() == 1:
        return data
    size = torch.tensor(-1 if data is None else len(data))
    dist.broadcast(size, 0)
    if size < 0:
        return None
    content = (
        torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(int(size), dtype=torch.uint8)
    )
    dist.broadcast(content, 0)
    return content.numpy().tobytes()


def barrier() -> None:
    """Wait until every process is here."""
    largest(0)


def parallel(network: nn.Module, device: torch.device) -> nn.Module:
    """`network` as DistributedDataParallel, which averages the gradients; the network itself in a single process.

    Call it again when `requires_grad` of a parameter changes.
    """
    if world_size() == 1:
        return network
    devices = [device] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(
        network, devices, forward_sync_buffers=False, gradient_as_bucket_view=True
    )


def with_shared_statistics(network: nn.Module, device: torch.device) -> nn.Module:
    """`network` with batch statistics over all processes, on GPUs.

    torch has no such layer for the CPU: there each process normalises by its own rows, as if the batch were smaller, so
    a run of two processes differs slightly from a run of one. Running averages are averaged over the processes
    (`batch_statistics`), so all of them validate the same network.
    """
    if world_size() == 1 or device.type != "cuda":
        return network
    shared: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    return shared


def silence_others() -> None:
    """Let only the main process print to stdout; the errors of all processes stay visible."""
    if not is_main():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
