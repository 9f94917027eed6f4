"""The ONNX graph of an artifact on OpenVINO, compiled so that many models share the same cores."""

from __future__ import annotations

import hashlib
import logging
import mmap
from collections import deque
from pathlib import Path

import numpy as np
import openvino as ov

from imgcls.artifacts.graph_file import check_locations, check_operators, weights_name
from imgcls.contract.artifact import GRAPHS, ArtifactError, ModelCard
from imgcls.runtime.cores import num_cores
from imgcls.serving import blobs as compiled_blobs
from imgcls.serving import graph_limits
from imgcls.serving.context import settings
from imgcls.serving.memory import drop_mapped_pages

_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
"""Without a hint OpenVINO uses bf16 wherever the CPU has it: fp32 would not mean fp32."""


_RUN_BYTES: dict[str, int] = {}
"""By the key of a compiled graph, which does not say it when it is loaded again."""
_log = logging.getLogger("kennel.serving")
_CORE = ov.Core()
SUPPORTS_BF16 = "BF16" in _CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
"""Read at import, which loads the CPU plugin, so that the first model does not have to wait for it."""


class OpenVinoEngine:
    """One compiled graph, run one image at a time, each image on one core.

    Parallelism comes from the server's threads, one per core, which all models share and which wait while a model's
    stream computes for them. So a model has as many streams as there are such threads, of one thread each: with a
    single stream OpenVINO would answer a model's requests one after another. CPU pinning is off: OpenVINO pins the
    first stream of every compiled model to the same core, which two busy models would then share.
    """

    def __init__(
        self,
        folder: Path,
        card: ModelCard,
        *,
        threads: int = 0,
        precision: str | None = None,
        blobs: compiled_blobs.BlobCache | None = None,
    ) -> None:
        """`precision` overrides the card's. Raises ArtifactError for a graph that cannot serve this card.

        With `blobs` the card's hashes must have been verified, because they are the key of a compiled graph.
        """
        precision = precision or card.precision
        if precision == "bf16" and not SUPPORTS_BF16:
            raise ArtifactError("precision is bf16, which this CPU does not have: publish the model as fp32 or int8")
        threads = threads or num_cores()
        side = card.preprocessing.crop
        path = folder / GRAPHS[precision]
        if not path.is_file():
            raise ArtifactError(f"precision {precision} needs {path.name}, which the artifact does not contain")
        self._blobs = blobs
        self._key = _key(card, path.name, precision, threads)
        # The compiled graph keeps reading the blob, which must stay mapped for as long.
        self._blob = blobs.get(self._key) if blobs else None
        options = _options(precision, threads)
        if self._blob is not None:
            self._compiled = _import(self._blob, options)
        else:
            check_locations(path, card.files)
            check_operators(path)
            self._compiled, cost = _compile(path, side, len(card.labels), options)
            _RUN_BYTES[self._key] = cost.activation_bytes * threads
        self.run_bytes = _RUN_BYTES[self._key]
        self._idle: deque[ov.InferRequest] = deque()

    @classmethod
    def for_server(cls, folder: Path, card: ModelCard) -> OpenVinoEngine:
        """With the process's settings and its cache of blobs. The card's hashes must have been verified."""
        return cls(folder, card, threads=settings().threads, blobs=compiled_blobs.shared())

    @staticmethod
    def file_of(card: ModelCard) -> str:
        """The file of the artifact that this engine runs."""
        return GRAPHS[card.precision]

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (num, crop, crop, 3) -> float32 logits (num, classes). Thread-safe."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        try:
            return np.concatenate([self._infer(request, image[np.newaxis]) for image in pixels])
        finally:
            self._idle.append(request)

    def retire(self) -> None:
        """Keep the compiled graph for the next load of the same model. It must not be running."""
        if self._blobs is None or self._key in self._blobs:
            return
        try:
            self._blobs.put(self._key, self._compiled.export_model().getbuffer())
        except (RuntimeError, MemoryError) as error:
            _log.warning("a compiled model cannot be kept for its next load: %s", error)

    @staticmethod
    def _infer(request: ov.InferRequest, image: np.ndarray) -> np.ndarray:
        request.set_input_tensor(ov.Tensor(np.require(image, requirements=["C", "W"]), shared_memory=True))
        request.infer()
        logits: np.ndarray = request.get_output_tensor().data.copy()
        return logits


def _compile(
    path: Path, side: int, num_classes: int, options: dict[str, object]
) -> tuple[ov.CompiledModel, graph_limits.Cost]:
    try:
        graph = _CORE.read_model(path)
        _check(graph, side, num_classes)
        # One image per call: a batch gains nothing on a CPU at the GEMM roofline, and a fixed shape needs less memory.
        graph.reshape([1, side, side, 3])
        cost = graph_limits.check(graph, path.name, _file_bytes(path))
        compiled = _CORE.compile_model(graph, "CPU", options)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ArtifactError(f"{path.name} cannot be compiled: {reason}") from error
    # Compiling copied the weights into its own layout; the mapped originals are not needed again.
    drop_mapped_pages(path.with_name(weights_name(path.name)))
    return compiled, cost


def _file_bytes(path: Path) -> int:
    weights = path.with_name(weights_name(path.name))
    return path.stat().st_size + (weights.stat().st_size if weights.is_file() else 0)


def _import(blob: mmap.mmap, options: dict[str, object]) -> ov.CompiledModel:
    tensor = ov.Tensor(np.frombuffer(blob, np.uint8), shared_memory=True)
    compiled = _CORE.import_model(tensor, "CPU", options)
    blob.madvise(mmap.MADV_DONTNEED)
    return compiled


def _key(card: ModelCard, graph: str, precision: str, threads: int) -> str:
    """Everything that a compiled graph depends on. The engine and the CPU do not change within a process."""
    hashes = [card.files.get(name) for name in (graph, weights_name(graph))]
    text = repr((hashes, precision, threads, card.preprocessing.crop, len(card.labels)))
    return hashlib.sha256(text.encode()).hexdigest()


def _options(precision: str, threads: int) -> dict[str, object]:
    return {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }


def _check(graph: ov.Model, side: int, num_classes: int) -> None:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ArtifactError("the graph must have one input and one output")
    wanted = ov.PartialShape([-1, side, side, 3])
    image = graph.input()
    if image.element_type != ov.Type.u8 or not wanted.compatible(image.partial_shape):
        found = f"{image.element_type} {image.partial_shape}"
        raise ArtifactError(f"the graph must take uint8 (num, {side}, {side}, 3), not {found}")
    if not ov.PartialShape([-1, num_classes]).compatible(graph.output().partial_shape):
        raise ArtifactError(
            f"the graph's output is {graph.output().partial_shape}, but model.json has {num_classes} labels"
        )
