"""The OpenVINO engine: the meaning of a precision, and that busy models share the cores."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import openvino as ov
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_artifact import LABELS, SIDE, colour_graph, write_model

from imgcls.contract.artifact import ArtifactError, read_card
from imgcls.runtime.cores import num_cores
from imgcls.serving.engine import SUPPORTS_BF16, OpenVinoEngine

RNG = np.random.default_rng(1)


def _busy_graph(side: int = SIDE) -> onnx.ModelProto:
    """Convolutions that take some milliseconds on a core."""
    weights = [numpy_helper.from_array(RNG.standard_normal((64, 3, 3, 3)).astype(np.float32) / 27, "w0")]
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["x0"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["x0", "w0"], ["x1"], pads=[1] * 4),
    ]
    for i in range(1, 9):
        weights.append(numpy_helper.from_array(RNG.standard_normal((64, 64, 3, 3)).astype(np.float32) / 24, f"w{i}"))
        nodes.append(helper.make_node("Conv", [f"x{i}", f"w{i}"], [f"x{i + 1}"], pads=[1] * 4))
    nodes += [
        helper.make_node("GlobalAveragePool", ["x9"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "head"], ["logits"]),
    ]
    weights.append(numpy_helper.from_array(RNG.standard_normal((64, 3)).astype(np.float32), "head"))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["num", side, side, 3])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["num", 3])
    graph = helper.make_graph(nodes, "busy", [image], [logits], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("busy")
    write_model(folder, graph=_busy_graph())
    return folder


def test_fp32_means_fp32_where_the_cpu_has_bf16(busy: Path) -> None:
    card = read_card(busy)
    pixels = RNG.integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
    reference = ov.Core().compile_model(
        busy / "model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY"}
    )([pixels])[0]
    fp32 = OpenVinoEngine(busy, card)(pixels)
    assert fp32.shape == (2, len(LABELS))
    np.testing.assert_allclose(fp32, reference, rtol=1e-4, atol=1e-5)
    if SUPPORTS_BF16:
        bf16 = OpenVinoEngine(busy, card, precision="bf16")(pixels)
        assert np.abs(bf16 - reference).max() > 1e-4 * np.abs(reference).max()
        np.testing.assert_allclose(bf16, reference, atol=0.05 * np.abs(reference).max())


@pytest.mark.skipif(num_cores() < 2, reason="one core shows nothing about sharing cores")
def test_two_busy_models_use_two_cores(busy: Path) -> None:
    """With pinning, the first stream of each model runs on the same core, and two models are not faster than one."""
    engines = [OpenVinoEngine(busy, read_card(busy), threads=2) for _ in range(2)]
    stop = threading.Event()
    threads = [threading.Thread(target=_run_until, args=(stop, engine)) for engine in engines]
    for thread in threads:
        thread.start()
    deadline, num_cpus = time.monotonic() + 20, 0
    while num_cpus < 2 and time.monotonic() < deadline:
        num_cpus = max(num_cpus, len({_cpu_of(thread) for thread in threads}))
    stop.set()
    for thread in threads:
        thread.join()
    assert num_cpus == 2


def _run_until(stop: threading.Event, engine: OpenVinoEngine) -> None:
    pixels = np.zeros((4, SIDE, SIDE, 3), np.uint8)
    while not stop.is_set():
        engine(pixels)


def _cpu_of(thread: threading.Thread) -> int:
    """The CPU on which the thread ran last."""
    stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[36])


def test_many_threads_share_one_engine(busy: Path) -> None:
    engine = OpenVinoEngine(busy, read_card(busy))
    pixels = RNG.integers(0, 256, (8, SIDE, SIDE, 3), dtype=np.uint8)
    expected = engine(pixels)
    results: dict[int, np.ndarray] = {}

    def ask(index: int) -> None:
        for _ in range(10):
            results[index] = engine(pixels[index : index + 1])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(np.concatenate([results[i] for i in range(8)]), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("graph", "labels", "words"),
    [
        (colour_graph(side=SIDE * 2), LABELS, "must take uint8"),
        (colour_graph(), (*LABELS, "grey"), "4 labels"),
    ],
)
def test_a_graph_that_does_not_fit_its_card_is_refused(
    tmp_path: Path, graph: onnx.ModelProto, labels: tuple[str, ...], words: str
) -> None:
    card = write_model(tmp_path, graph=graph, labels=labels)
    with pytest.raises(ArtifactError, match=words):
        OpenVinoEngine(tmp_path, card)


def test_int8_needs_its_own_graph(tmp_path: Path) -> None:
    card = write_model(tmp_path)
    with pytest.raises(ArtifactError, match=r"model\.int8\.onnx"):
        OpenVinoEngine(tmp_path, replace(card, precision="int8"))
