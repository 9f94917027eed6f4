"""What a profile means: where the time goes, which setting to change, and what that may gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from imgcls.contract.rules import BY_NAME
from imgcls.reports import machine_advice
from imgcls.reports.advice import Advice, Profile

DATA_WAIT_SHARE = BY_NAME["data-loading-bound"].thresholds["share"]
OPTIMIZER_SHARE = BY_NAME["small-batch"].thresholds["share"]
START_UP_SHARE = 0.20
CHECKPOINT_SHARE = 0.05
TRANSFER_SHARE = 0.10
JITTER = 3.0
_MIN_STEPS = 10
_MIN_SECONDS = 60
START_UP_PHASES = ("launch", "imports", "network", "first-batch", "resume")


def advise(profile: Profile, environment: Mapping[str, Any]) -> list[Advice]:
    """The findings of all rules, the most severe first; if there is no warning, one finding that says so."""
    found = [advice for rule in _RULES for advice in [rule(profile, environment)] if advice]
    if any(advice.severity == "warning" for advice in found):
        return sorted(found, key=lambda advice: advice.severity != "warning")
    if not step_ms(profile):
        text = "It ended before its first step, or trained on cached features: the phases below show its time."
        return [Advice("no-steps", "info", "This run did not time any training step.", text), *found]
    text = "The network computes nearly all the time, and memory is stable."
    return [Advice("balanced", "good", "Nothing slows this run down.", text), *found]


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
    shown = f"{environment.get('num_cpus', 'all')}, one per core" if workers == -1 else str(workers)
    return Advice(
        "data-loading-bound",
        "warning",
        f"The network waits {wait:.1f} ms of every {total:.1f} ms step ({share:.0%}) for images.",
        f"The loader is the bottleneck. It has num-workers {shown}: raise it if cores are idle, use an instance with "
        "more cores, let the Prepare step scale the training images down (max_short_side) or pack them into shards.",
        f"up to {1 / (1 - share):.1f} times faster epochs" if share < 0.95 else "most of the training time",
    )


_START_UP_ADVICE = {
    "launch": "That is the instance, the image and the download of the channels. Thousands of small files are slow to "
    "copy: pack the data set into shards. Search the last layer's hyperparameters inside one job (freeze-backbone, "
    "feature-cache, head-search) instead of starting many jobs.",
    "imports": "Another job on the same instance, or a slow disk, delays the imports: see the machine's charts.",
    "network": "Building the network and loading its weights: a smaller architecture starts faster.",
    "first-batch": "The loader's first images, and one-time work of the device (autotuning, compile): in a longer "
    "training it matters less.",
    "resume": "Reading the checkpoint of the interrupted run.",
}


def _slow_start(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    phases = start_up(profile)
    total, seconds = sum(phases.values()), profile.get("seconds", 0.0) + phases.get("launch", 0.0)
    if not seconds or total < START_UP_SHARE * seconds or seconds < _MIN_SECONDS:
        return None
    name, longest = max(phases.items(), key=lambda item: item[1])
    return Advice(
        "slow-start",
        "warning",
        f"Start-up takes {total:.0f} s, {total / seconds:.0%} of the job.",
        f"Most of it is {name} ({longest:.0f} s). {_START_UP_ADVICE.get(name, _START_UP_ADVICE['launch'])}",
        f"up to {total:.0f} s per job",
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
        "Only less arithmetic makes it faster: train-precision bf16 on an instance family that has it, a smaller crop, "
        "or freeze-backbone if the weights are pretrained.",
        "about 2 times faster steps for ResNets in bf16",
    )


def _checkpoints(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    parts = step_ms(profile)
    total, share = sum(parts.values()), parts.get("checkpoint", 0.0) / (sum(parts.values()) or 1)
    if profile.get("num_steps", 0) < _MIN_STEPS or share < CHECKPOINT_SHARE:
        return None
    return Advice(
        "costly-checkpoints",
        "warning",
        f"Checkpoints take {share:.0%} of the training: {parts['checkpoint']:.1f} ms of every {total:.1f} ms step.",
        "They are written at most every checkpoint-seconds (60 by default): raise it, at the price of repeating more "
        "work after an interruption.",
        f"up to {1 / (1 - share):.2f} times faster epochs",
    )


def _transfers(profile: Profile, environment: Mapping[str, Any]) -> Advice | None:
    parts = step_ms(profile)
    total, moved = sum(parts.values()), parts.get("host-to-device", 0.0)
    if profile.get("num_steps", 0) < _MIN_STEPS or not total or moved < TRANSFER_SHARE * total:
        return None
    return Advice(
        "transfer-bound",
        "warning",
        f"Moving images to the {environment.get('device', 'device')} takes {moved:.1f} ms of every {total:.1f} ms step "
        f"({moved / total:.0%}).",
        "A smaller crop moves fewer bytes; a larger batch-size moves them in fewer pieces.",
        f"up to {total / (total - moved):.1f} times faster epochs" if moved < 0.95 * total else "most of the time",
    )


_RULES: Sequence[Callable[[Profile, Mapping[str, Any]], Advice | None]] = (
    _data_bound,
    _transfers,
    _checkpoints,
    _slow_start,
    _small_batch,
    _jitter,
    *machine_advice.RULES,
    _compute_bound,
)
