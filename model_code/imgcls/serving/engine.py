"""The ONNX graph of an artifact on OpenVINO, compiled so that many models share the same cores."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import openvino as ov

from imgcls.contract.artifact import GRAPHS, ArtifactError, ModelCard
from imgcls.graph_file import check_locations, weights_name
from imgcls.serving.cores import num_cores
from imgcls.serving.memory import drop_mapped_pages

_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
"""Without a hint OpenVINO takes bf16 wherever the CPU has it: fp32 would not mean fp32."""


_CORE = ov.Core()
SUPPORTS_BF16 = "BF16" in _CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
"""Asked at import, which loads the CPU plugin: the first model need not wait for it."""


class OpenVinoEngine:
    """One compiled graph. The calling thread runs it, one image at a time, on one core.

    Parallelism comes from the server's threads, one a core, which all models share and which run the graph
    themselves. So a model has as many streams as there are such threads, of one thread each, and no pinning:
    OpenVINO pins each compiled model's first stream to the same core, and two hot models would share that core.
    """

    def __init__(self, folder: Path, card: ModelCard, *, threads: int = 0, precision: str | None = None) -> None:
        """`precision` overrides the card's. Raises ArtifactError for a graph that cannot serve this card."""
        precision = precision or card.precision
        if precision == "bf16" and not SUPPORTS_BF16:
            raise ArtifactError("precision is bf16, which this CPU lacks; publish the model as fp32 or int8")
        threads = threads or num_cores()
        side = card.preprocessing.crop
        path = folder / GRAPHS[precision]
        if not path.is_file():
            raise ArtifactError(f"precision {precision} needs {path.name}, which the artifact lacks")
        check_locations(path, card.files)
        try:
            graph = _CORE.read_model(path)
            _check(graph, side, len(card.labels))
            # One image a call: a batch buys nothing on a CPU at the GEMM roofline, and a fixed shape needs less memory.
            graph.reshape([1, side, side, 3])
            self._compiled = _CORE.compile_model(graph, "CPU", _settings(precision, threads))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ArtifactError(f"{path.name} cannot be compiled: {reason}") from error
        # Compiling packed the weights into a layout of its own; the mapped originals are not needed again.
        drop_mapped_pages(path.with_name(weights_name(path.name)))
        self._idle: deque[ov.InferRequest] = deque()

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

    @staticmethod
    def _infer(request: ov.InferRequest, image: np.ndarray) -> np.ndarray:
        request.set_input_tensor(ov.Tensor(np.require(image, requirements=["C", "W"]), shared_memory=True))
        request.infer()
        return request.get_output_tensor().data.copy()


def _settings(precision: str, threads: int) -> dict[str, object]:
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
            f"the graph answers {graph.output().partial_shape}, but model.json has {num_classes} labels"
        )
