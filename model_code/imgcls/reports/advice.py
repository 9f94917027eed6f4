"""What a profile means, in plain words: where the time goes, which knob to turn and what that may gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, Literal

DATA_WAIT_SHARE = 0.10
START_UP_SHARE = 0.20
IDLE_CPU_SHARE = 0.60
OPTIMIZER_SHARE = 0.25
JITTER = 3.0
GROWTH_SHARE = 0.10
_MIN_STEPS = 10
_MIN_SAMPLES = 20
_MIN_SECONDS = 60
START_UP_PHASES = ("launch", "download", "imports", "network", "first-batch", "resume")


@dataclass(frozen=True)
class Advice:
    """One finding about a run's speed. `gain` is the most the advice can bring."""

    rule: str
    severity: Literal["good", "info", "warning"]
    title: str
    text: str
    gain: str = ""


Profile = Mapping[str, Any]


def advise(profile: Profile, environment: Mapping[str, Any]) -> list[Advice]:
    """Every rule's finding, gravest first; one good word when there is none."""
    found = [advice for rule in _RULES for advice in [rule(profile, environment)] if advice]
    if any(advice.severity == "warning" for advice in found):
        return sorted(found, key=lambda advice: advice.severity != "warning")
    text = "The network computes nearly all the time, and memory is steady."
    return [Advice("balanced", "good", "Nothing holds this run up.", text), *found]


def step_ms(profile: Profile) -> dict[str, float]:
    """Mean milliseconds of each part of a step, without the first step."""
    return dict(profile.get("mean_ms", {}))


def start_up(profile: Profile) -> dict[str, float]:
    """Seconds of each phase before the first epoch."""
    phases: dict[str, float] = {}
    for phase in profile.get("phases", []):
        if phase["name"] in START_UP_PHASES:
            phases[phase["name"]] = phases.get(phase["name"], 0.0) + phase["seconds"]
    return phases


def _data_bound(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    parts = step_ms(profile)
    total, wait = sum(parts.values()), parts.get("data-wait", 0.0)
    if profile.get("num_steps", 0) < _MIN_STEPS or not total or wait < DATA_WAIT_SHARE * total:
        return None
    share = wait / total
    workers = environment.get("hyperparameters", {}).get("num-workers", -1)
    shown = f"{environment.get('num_cpus', 'all')}, one a core" if workers == -1 else str(workers)
    return Advice(
        "data-loading-bound",
        "warning",
        f"The network waits {wait:.1f} ms of every {total:.1f} ms step ({share:.0%}) for images.",
        f"The loader is the bottleneck. It has num-workers {shown}: raise it if cores are idle, take an instance with "
        "more cores, let the Prepare step scale the training images down (max_short_side) or pack them into shards.",
        f"up to {1 / (1 - share):.1f} times faster epochs" if share < 0.95 else "most of the training time",
    )


def _slow_start(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    phases, seconds = start_up(profile), profile.get("seconds", 0.0)
    total = sum(phases.values())
    if not seconds or total < START_UP_SHARE * seconds or seconds < _MIN_SECONDS:
        return None
    name, longest = max(phases.items(), key=lambda item: item[1])
    return Advice(
        "slow-start",
        "warning",
        f"Start-up takes {total:.0f} s, {total / seconds:.0%} of the job.",
        f"Most of it is {name} ({longest:.0f} s). Thousands of small files are slow to copy: pack the data set into "
        "shards; for searches, tune a frozen backbone's head inside one job instead of starting many.",
        f"up to {total:.0f} s a job",
    )


def _idle_cpu(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    samples, cores = profile.get("system", []), environment.get("num_cpus")
    if len(samples) < _MIN_SAMPLES or not cores or environment.get("device", "cpu") != "cpu":
        return None
    used = mean(sample["cpu_percent"] for sample in samples[len(samples) // 4 :]) / (100 * cores)
    if used >= IDLE_CPU_SHARE:
        return None
    return Advice(
        "low-cpu-utilization",
        "warning",
        f"The {cores} cores are busy {used:.0%} of the time.",
        "Something else holds them back: a small batch-size (raise it), a loader that cannot keep up (see the step's "
        "data-wait), or other processes on this machine.",
        f"up to {1 / max(used, 0.1):.1f} times faster if every core were busy",
    )


def _small_batch(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    parts = step_ms(profile)
    total, optimizer = sum(parts.values()), parts.get("optimizer", 0.0)
    if profile.get("num_steps", 0) < _MIN_STEPS or not total or optimizer < OPTIMIZER_SHARE * total:
        return None
    return Advice(
        "small-batch",
        "warning",
        f"The optimizer takes {optimizer / total:.0%} of every step.",
        f"Its cost does not grow with the batch, and the batch has {profile.get('batch_size')} images: double "
        "batch-size (and lr with it).",
        f"up to {total / (total - optimizer / 2):.1f} times faster epochs",
    )


def _jitter(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    mean_ms, high = sum(step_ms(profile).values()), sum(profile.get("p95_ms", {}).values())
    if profile.get("num_steps", 0) < _MIN_STEPS or not mean_ms or high < JITTER * mean_ms:
        return None
    return Advice(
        "uneven-steps",
        "warning",
        f"One step in twenty takes {high:.0f} ms or more, {high / mean_ms:.1f} times the mean.",
        "The steps should cost the same. Other processes share the cores, or a few images are far larger than the "
        "rest: let the Prepare step scale them down (max_short_side).",
    )


def _growing_memory(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    samples = [sample for sample in profile.get("system", []) if "memory_bytes" in sample]
    half = samples[len(samples) // 2 :]
    if len(half) < _MIN_SAMPLES:
        return None
    third = len(half) // 3
    first, last = (mean(s["memory_bytes"] for s in part) for part in (half[:third], half[-third:]))
    if last < (1 + GROWTH_SHARE) * first:
        return None
    minutes = (half[-1]["seconds"] - half[0]["seconds"]) / 60
    return Advice(
        "memory-climbing",
        "warning",
        f"Memory still grows in the second half of the run, by {(last - first) / 1e6 / max(minutes, 0.01):.0f} MB a "
        "minute.",
        "A longer run will end for lack of memory. Something keeps references: losses that are summed as tensors are "
        "the usual cause.",
    )


def _compute_bound(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    parts = step_ms(profile)
    total = sum(parts.values())
    compute = parts.get("forward", 0.0) + parts.get("backward", 0.0)
    precision = environment.get("hyperparameters", {}).get("train-precision", "fp32")
    if not total or compute < 0.8 * total or precision != "fp32":
        return None
    return Advice(
        "compute-bound",
        "info",
        f"Forward and backward are {compute / total:.0%} of a step, as it should be.",
        "Only less arithmetic goes faster: train-precision bf16 on an instance family that has it, a smaller crop, or "
        "freeze-backbone when the weights are pretrained.",
        "about 2 times faster steps for ResNets in bf16",
    )


_RULES: Sequence[Callable[[Profile, Mapping[str, Any]], Advice | None]] = (
    _data_bound,
    _slow_start,
    _idle_cpu,
    _small_batch,
    _jitter,
    _growing_memory,
    _compute_bound,
)
