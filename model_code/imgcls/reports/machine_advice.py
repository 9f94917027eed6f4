"""What the samples of a machine mean: idle cores, an idle GPU, growing memory, a disk that fills up."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from typing import Any

from imgcls.contract.rules import BY_NAME
from imgcls.debug.rules.system import lasting_growth
from imgcls.reports.advice import Advice, Profile

IDLE_CPU_SHARE = BY_NAME["low-cpu-utilization"].thresholds["share"]
IDLE_GPU_SHARE = BY_NAME["low-gpu-utilization"].thresholds["share"]
_GROWTH = BY_NAME["memory-climbing"].thresholds
FULL_DISK_PERCENT = 90.0
_BUSY_MACHINE_PERCENT = 85.0
_MIN_SAMPLES = 20


def idle_cpu(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    """Only for a training on the CPU: with a GPU the cores may be idle."""
    samples, cores = _steady(profile), environment.get("num_cpus")
    if not samples or not cores or environment.get("device", "cpu") != "cpu":
        return None
    used = mean(sample["cpu_percent"] for sample in samples) / (100 * cores)
    if used >= IDLE_CPU_SHARE:
        return None
    machine = mean(sample.get("machine_cpu_percent", 0.0) for sample in samples)
    reason = (
        f"Other processes use the rest (the machine is busy {machine:.0f}% of the time): give the job its own machine."
        if machine >= _BUSY_MACHINE_PERCENT
        else "The cause may be a small batch-size (raise it), fewer threads than cores, or a loader that cannot keep "
        "up (see the step's data-wait)."
    )
    return Advice(
        "low-cpu-utilization",
        "warning",
        f"Training keeps the {cores} cores busy {used:.0%} of the time.",
        reason,
        f"up to {1 / max(used, 0.1):.1f} times faster if every core were busy",
    )


def idle_gpu(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    samples = [sample["gpu_percent"] for sample in _steady(profile) if "gpu_percent" in sample]
    if not samples or mean(samples) >= 100 * IDLE_GPU_SHARE:
        return None
    used = mean(samples) / 100
    return Advice(
        "low-gpu-utilization",
        "warning",
        f"The GPU computes {used:.0%} of the time.",
        "Give it more work at a time (batch-size) or sooner (num-workers, packed shards); if neither helps, a smaller "
        "instance does the same for less.",
        f"up to {1 / max(used, 0.05):.1f} times faster epochs",
    )


def growing_memory(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    samples = [sample for sample in profile.get("system", []) if "memory_bytes" in sample]
    if len(samples) < _GROWTH["samples"] or profile["num_steps"] < _GROWTH["steps"]:
        return None
    if lasting_growth([sample["memory_bytes"] for sample in samples]) <= _GROWTH["share"]:
        return None
    half = samples[len(samples) // 2 :]
    grown = half[-1]["memory_bytes"] - half[0]["memory_bytes"]
    minutes = (half[-1]["seconds"] - half[0]["seconds"]) / 60
    return Advice(
        "memory-climbing",
        "warning",
        f"Memory still grows in the second half of the run, by {grown / 1e6 / max(minutes, 0.01):.0f} MB per minute.",
        "A longer run will run out of memory. Something keeps references, usually losses that are summed as tensors.",
    )


def full_disk(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    fullest = max((sample.get("disk_percent", 0.0) for sample in profile.get("system", [])), default=0.0)
    if fullest < FULL_DISK_PERCENT:
        return None
    return Advice(
        "disk-almost-full",
        "warning",
        f"The disk of the records was {fullest:.0f}% full.",
        "Checkpoints and the artifact need room, and a full disk fails the job at its end: raise volume_gb.",
    )


def _steady(profile: Profile) -> list[Mapping[str, float]]:
    """The samples without the start-up; empty if there are too few for a conclusion."""
    samples = profile.get("system", [])
    return samples[len(samples) // 4 :] if len(samples) >= _MIN_SAMPLES else []


RULES = (idle_cpu, idle_gpu, growing_memory, full_disk)
