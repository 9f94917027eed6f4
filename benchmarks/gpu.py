"""What a GPU makes of the training engine: `python -m benchmarks.gpu`, on a machine with CUDA and torch alone.

Prints images a second, medians of interleaved rounds: the step as projects usually write it (eager, AMP, NCHW), the
engine's own step on the same images, and the forward pass that feature caching pays once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model_code"))

from imgcls import networks

SIDE, CLASSES = 224, 133
WARMUP, STEPS, ROUNDS = 12, 30, 5


def rate(step: Callable[[], None], batch: int) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()
    return batch * STEPS / (time.perf_counter() - start)


def channels_last() -> nn.Module:
    return networks.build("resnet50", CLASSES).cuda().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def usual(batch: int) -> Callable[[], None]:
    """The step of an ordinary script: float NCHW input, autocast, SGD."""
    network = networks.build("resnet50", CLASSES).cuda()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    scaler = torch.amp.GradScaler("cuda")
    images = torch.randn(batch, 3, SIDE, SIDE, device="cuda")
    targets = torch.randint(CLASSES, (batch,), device="cuda")

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.float16):
            loss = nn.functional.cross_entropy(network(images), targets)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    return step


def ours(batch: int, *, compile_mode: str | None, fused: bool) -> Callable[[], None]:
    """uint8 NHWC in, normalised on the GPU, channels-last bf16."""
    network = channels_last()
    mean = 255 * torch.tensor([0.485, 0.456, 0.406], device="cuda").view(1, 3, 1, 1)
    std = 255 * torch.tensor([0.229, 0.224, 0.225], device="cuda").view(1, 3, 1, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=fused)
    images = torch.randint(0, 256, (batch, SIDE, SIDE, 3), dtype=torch.uint8, device="cuda").permute(0, 3, 1, 2)
    targets = torch.randint(CLASSES, (batch,), device="cuda")

    def forward(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cuda", torch.bfloat16):
            logits = network((images.float() - mean) / std)
        return nn.functional.cross_entropy(logits.float(), targets)

    forward = torch.compile(forward, mode=compile_mode) if compile_mode else forward

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        forward(images, targets).backward()
        optimizer.step()

    return step


def features(batch: int, *, compile_mode: str | None) -> Callable[[], None]:
    network = channels_last().eval()
    network = network.bfloat16()
    images = torch.randint(0, 256, (batch, SIDE, SIDE, 3), dtype=torch.uint8, device="cuda").permute(0, 3, 1, 2)
    run = torch.compile(network, mode=compile_mode) if compile_mode else network

    def step() -> None:
        with torch.inference_mode():
            run(images.bfloat16() / 255)

    return step


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    rows: dict[str, tuple[Callable[[], None], int]] = {}
    b = options.batch
    for name, make, size in (
        ("usual eager AMP NCHW", lambda: usual(b), b),
        ("channels_last bf16 eager", lambda: ours(b, compile_mode=None, fused=True), b),
        ("channels_last bf16 compiled", lambda: ours(b, compile_mode="default", fused=True), b),
        ("compiled, batch x2", lambda: ours(2 * b, compile_mode="default", fused=True), 2 * b),
        ("features eager", lambda: features(4 * b, compile_mode=None), 4 * b),
        ("features compiled", lambda: features(4 * b, compile_mode="default"), 4 * b),
    ):
        start = time.perf_counter()
        try:
            step = make()
            for _ in range(WARMUP):
                step()
            torch.cuda.synchronize()
        except Exception as error:
            print(name, "failed:", repr(error)[:300], flush=True)
            continue
        rows[name] = (step, size)
        seconds, peak = time.perf_counter() - start, torch.cuda.max_memory_allocated() / 2**30
        print(f"{name}: ready in {seconds:.1f} s, {peak:.1f} GiB", flush=True)
    rounds = {name: [rate(step, size) for step, size in [rows[name]]] for name in rows}
    for _ in range(ROUNDS - 1):
        for name, (step, size) in rows.items():
            rounds[name].append(rate(step, size))
    result = {name: statistics.median(values) for name, values in rounds.items()}
    for name, value in result.items():
        print(f"{name:32} {value:9.0f} img/s   rounds {[round(v) for v in rounds[name]]}", flush=True)
    if options.out:
        options.out.write_text(json.dumps(rounds, indent=1))


if __name__ == "__main__":
    main()
