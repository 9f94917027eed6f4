"""What a GPU makes of the training engine: `python -m benchmarks.gpu`; needs torch, torchvision, Pillow and psutil.

Prints images per second, medians of interleaved rounds: the step as projects usually write it (eager, AMP, NCHW), the
bare step in our layout and precision, our engine's epochs from memory and from packed images, and the forward pass
that feature caching pays once. Then the seconds that our engine and a plain script take to an accuracy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model_code"))

from benchmarks import gpu_training
from imgcls.networks import architectures
from imgcls.runtime import devices

SIDE, CLASSES = 224, 133
WARMUP, STEPS, ROUNDS = 12, 30, 5

Measures = dict[str, Callable[[], float]]


def rate(step: Callable[[], None], batch: int) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()
    return batch * STEPS / (time.perf_counter() - start)


def channels_last() -> nn.Module:
    network = architectures.build("resnet50", CLASSES).cuda()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def usual(batch: int) -> Callable[[], None]:
    """The step of an ordinary script: float NCHW input, autocast, SGD."""
    network = architectures.build("resnet50", CLASSES).cuda()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    scaler = torch.amp.GradScaler("cuda")
    images = torch.randn(batch, 3, SIDE, SIDE, device="cuda")
    targets = torch.randint(CLASSES, (batch,), device="cuda")

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.float16):
            loss = nn.functional.cross_entropy(network(images), targets)
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        scaler.step(optimizer)
        scaler.update()

    return step


def bare(batch: int, *, compiled: bool) -> Callable[[], None]:
    """Forward, backward, step on uint8 NHWC images that lie on the GPU, channels-last bf16."""
    network = channels_last()
    mean = 255 * torch.tensor([0.485, 0.456, 0.406], device="cuda").view(1, 3, 1, 1)
    std = 255 * torch.tensor([0.229, 0.224, 0.225], device="cuda").view(1, 3, 1, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True)
    images = torch.randint(0, 256, (batch, SIDE, SIDE, 3), dtype=torch.uint8, device="cuda").permute(0, 3, 1, 2)
    targets = torch.randint(CLASSES, (batch,), device="cuda")

    def forward(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cuda", torch.bfloat16):
            logits = network((images.float() - mean) / std)
        return nn.functional.cross_entropy(logits.float(), targets)

    forward = torch.compile(forward) if compiled else forward

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        forward(images, targets).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def features(batch: int, *, compiled: bool) -> Callable[[], None]:
    network = channels_last().eval()
    network = network.bfloat16()
    images = torch.randint(0, 256, (batch, SIDE, SIDE, 3), dtype=torch.uint8, device="cuda").permute(0, 3, 1, 2)
    run = torch.compile(network) if compiled else network

    def step() -> None:
        with torch.inference_mode():
            run(images.bfloat16() / 255)

    return step


def steps(make: Callable[[], Callable[[], None]], batch: int) -> Callable[[], float]:
    """A contender: images per second of STEPS steps. Made and warmed up here."""
    step = make()
    for _ in range(WARMUP):
        step()
    return lambda: rate(step, batch)


def engine(folder: Path, batch: int, name: str, *, compiled: bool) -> Measures:
    made = gpu_training.epochs(folder, batch, STEPS, compiled=compiled)
    return {f"{contender}, {name}": measure for contender, measure in made.items()}


def contenders(folder: Path, b: int) -> Iterator[tuple[str, Callable[[], Measures]]]:
    """(group, what makes some contenders of it ready)."""
    yield "steps", lambda: {"usual eager AMP NCHW": steps(lambda: usual(b), b)}
    yield "steps", lambda: {"bare bf16 channels-last eager": steps(lambda: bare(b, compiled=False), b)}
    yield "steps", lambda: {"bare bf16 channels-last compiled": steps(lambda: bare(b, compiled=True), b)}
    yield "engine", lambda: engine(folder, b, "eager", compiled=False)
    yield "engine", lambda: engine(folder, b, "compiled", compiled=True)
    yield "features", lambda: {"features eager": steps(lambda: features(4 * b, compiled=False), 4 * b)}
    yield "features", lambda: {"features compiled": steps(lambda: features(4 * b, compiled=True), 4 * b)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--only", choices=("steps", "engine", "features", "accuracy"), help="one group of figures")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("error: there is no GPU that torch can use", file=sys.stderr)
        return 1
    devices.tune(gpu_training.CUDA)
    result: dict[str, object] = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only in (None, "engine", "accuracy"):
            gpu_training.draw(folder)
        result["images_per_second"] = measure(
            [make for group, make in contenders(folder, options.batch) if options.only in (None, group)]
        )
        if options.only in (None, "accuracy"):
            result["seconds_to_accuracy"] = gpu_training.time_to_accuracy(folder)
            print(f"seconds to accuracy {gpu_training.TARGET}: {result['seconds_to_accuracy']}", flush=True)
    if options.out:
        options.out.write_text(json.dumps(result, indent=1))
    return 0


def measure(makers: list[Callable[[], Measures]]) -> dict[str, list[float]]:
    """The rounds of every contender, interleaved; prints the medians."""
    ready: Measures = {}
    for make in makers:
        begin = time.perf_counter()
        made = make()
        for contender in made.values():
            contender()  # compiles, and lets cuDNN choose
        peak = torch.cuda.max_memory_allocated() / 2**30
        print(f"{', '.join(made)}: ready in {time.perf_counter() - begin:.1f} s, {peak:.1f} GiB", flush=True)
        ready |= made
    rounds: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(ROUNDS):
        for name, contender in ready.items():
            rounds[name].append(contender())
    for name, values in rounds.items():
        print(f"{name:40} {statistics.median(values):9.0f} img/s   rounds {[round(v) for v in values]}", flush=True)
    return rounds


if __name__ == "__main__":
    sys.exit(main())
