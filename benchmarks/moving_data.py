"""Data rows: what packing costs beside one decode pass, and an upload beside sending file after file."""

from __future__ import annotations

import configparser
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import simplejpeg

from benchmarks.fixtures import CLASSES, photographs
from benchmarks.harness import Row, interleave, make_row
from imgcls.contract import keys
from imgcls.contract.artifact import label_of
from imgcls.contract.dataset import DatasetSettings
from imgcls.data.shards import Encoded, open_shards, order, write
from imgcls.preparation.encoding import training_bytes
from imgcls.runtime.cores import num_cores
from kennel.datasets.uploads import upload

FOLDER = Path("out/bench/loading")
SHORT_SIDE, REPEATS = 256, 4
BUCKET = "bench-data"


def run(ids: Sequence[str]) -> Iterator[Row]:
    images = photographs(FOLDER)
    if "packing" in ids:
        yield packing(images)
    if "upload" in ids:
        yield uploading(images)


def packing(images: Sequence[bytes]) -> Row:
    """Resize, encode and write, after the decoding that the check does anyway. Threads, one per core, for both."""
    settings = DatasetSettings(max_short_side=SHORT_SIDE)
    decoded = [simplejpeg.decode_jpeg(data) for data in images]
    hashes = [hashlib.sha256(data).hexdigest() for data in images]
    names = [f"{index % CLASSES:03d}.Breed{index % CLASSES}" for index in range(len(images))]

    def pack() -> float:
        shutil.rmtree(FOLDER / "packing", ignore_errors=True)
        start = time.perf_counter()
        for number in range(REPEATS):
            packed = _on_all_cores(lambda pixels: training_bytes(pixels, settings), decoded)
            encoded = [Encoded(f"{i}.jpg", hashes[i], names[i], data) for i, data in enumerate(packed)]
            write(FOLDER / f"packing/{number}", sorted(encoded, key=lambda image: order(image.sha256, 1)), 1)
        return time.perf_counter() - start

    def decode() -> float:
        start = time.perf_counter()
        for _ in range(REPEATS):
            _on_all_cores(simplejpeg.decode_jpeg, images)
        return time.perf_counter() - start

    contenders: dict[str, Callable[[], float]] = {"ours": pack, "one decode pass": decode, "control": pack}
    interleave(contenders, rounds=1)
    rounds = interleave(contenders)
    note = _check_packed(names)
    title = f"packing {len(images) * REPEATS} photographs of 0.3 megapixels at a short side of {SHORT_SIDE}"
    return make_row("packing", title, "s", "lower", rounds, ours="ours", control="control", notes=[note])


def _on_all_cores(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    with ThreadPoolExecutor(num_cores()) as pool:
        return list(pool.map(function, items))


def _check_packed(class_folders: Sequence[str]) -> str:
    """Raises RuntimeError unless the shard holds every image once, at the wanted size and with its class."""
    shards = open_shards(FOLDER / "packing/0")
    sizes = {min(simplejpeg.decode_jpeg(shards.read(index)).shape[:2]) for index in range(len(shards))}
    labels = {shards.name(index): shards.labels[target] for index, target in enumerate(shards.targets)}
    expected = {f"{index}.jpg": label_of(name) for index, name in enumerate(class_folders)}
    if sizes != {SHORT_SIDE} or labels != expected:
        raise RuntimeError(f"the shard holds {len(labels)} images of sizes {sizes}, or has other classes")
    size = sum(path.stat().st_size for path in (FOLDER / "packing/0").iterdir())
    return f"{size / len(labels) / 1000:.1f} KB per image, all of the right size and class"


def uploading(images: Sequence[bytes]) -> Row:
    """`kennel data upload` into the local cloud's S3, and boto3's upload_file in a loop."""
    folder = FOLDER / "upload"
    for index, data in enumerate(images):
        path = folder / f"{index % CLASSES:03d}.Breed{index % CLASSES}" / f"{index:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with _embedded_s3() as s3:
        s3.create_bucket(Bucket=BUCKET)
        numbers = iter(range(1_000))

        def ours() -> float:
            name = f"ours-{next(numbers)}"
            start = time.perf_counter()
            upload(s3, BUCKET, folder, name)
            return _checked(s3, name, folder, paths, time.perf_counter() - start)

        def one_by_one() -> float:
            name = f"loop-{next(numbers)}"
            start = time.perf_counter()
            for path in paths:
                s3.upload_file(str(path), BUCKET, keys.dataset(name) + path.relative_to(folder).as_posix())
            return _checked(s3, name, folder, paths, time.perf_counter() - start)

        contenders: dict[str, Callable[[], float]] = {"ours": ours, "boto3 one by one": one_by_one, "control": ours}
        interleave(contenders, rounds=1)
        rounds = interleave(contenders)
        start = time.perf_counter()
        again = upload(s3, BUCKET, folder, "ours-0")
        seconds = time.perf_counter() - start
    if again.sent or again.unchanged != len(paths):
        raise RuntimeError(f"a second upload sent {again.sent} files again")
    notes = ["every object's bytes compared", f"a second run, which sends nothing: {seconds:.2f} s"]
    title = f"upload of {len(paths)} photographs into the local cloud"
    return make_row("upload", title, "s", "lower", rounds, ours="ours", control="control", notes=notes)


@contextmanager
def _embedded_s3() -> Iterator[Any]:
    """A client of a local cloud in a process of its own, so that it does not share our interpreter's lock."""
    command = [sys.executable, "-m", "localcloud", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().rpartition(" ")[2].strip()
        if not url:
            raise RuntimeError("the local cloud did not start")
        credentials = configparser.RawConfigParser()
        credentials.read(process.stdout.readline().strip().partition("=")[2])
        try:
            yield boto3.client("s3", endpoint_url=url, region_name="us-east-1", **credentials["default"])
        finally:
            process.terminate()


def _checked(s3: Any, name: str, folder: Path, paths: Sequence[Path], seconds: float) -> float:
    """`seconds`. Raises RuntimeError unless the bucket holds the same bytes; not timed."""
    for path in paths:
        key = keys.dataset(name) + path.relative_to(folder).as_posix()
        if s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() != path.read_bytes():
            raise RuntimeError(f"{key} has other bytes than its file")
    return seconds
