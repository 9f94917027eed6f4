"""The artifact's `code/` under AWS's inference toolkit, in a separate environment, with both engines."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import torch
from tiny_artifact import LABELS, picture

from imgcls.artifacts.archives import copy_code, write_artifact
from imgcls.artifacts.export import export_onnx
from imgcls.contract.artifact import GRAPH, WEIGHTS, ModelCard, Preprocessing
from imgcls.networks.architectures import build
from imgcls.networks.weights_file import save

TOOLKIT = ("setuptools<81", "sagemaker-inference==1.10.1")
SPEC = Preprocessing(resize=32, crop=32)

CALLER = """
import json, sys
from pathlib import Path
engine, folder, image = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]).read_bytes()
sys.modules["torch" if engine == "openvino" else "openvino"] = None
sys.path.append(str(folder / "code"))
from sagemaker_inference.transformer import Transformer

class Properties(dict):
    def get_request_properties(self): return self

class Context:
    system_properties = {"model_dir": str(folder)}
    def set_response_status(self, code, phrase): self.status = code
    def set_response_content_type(self, index, value): self.content_type = value

transformer, context, answers = Transformer(), Context(), []
for body, content_type, attributes in (
    (image, "image/jpeg", ""), (image, "application/x-image", "top_k=1,format=named"), (b"text", "image/png", ""),
    (image, "image/svg+xml", ""), ('{"instances": []}', "application/json", ""),
):
    context.status = 200
    context.request_processor = [Properties({
        "Content-Type": content_type, "Accept": "application/json", "X-Amzn-SageMaker-Custom-Attributes": attributes})]
    body = body.encode() if isinstance(body, str) else body
    (answer,) = transformer.transform([{"body": body}], context)
    answers.append([context.status, answer.decode() if isinstance(answer, bytes) else answer])
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with AWS's toolkit on top of this interpreter's packages."""
    folder = tmp_path_factory.mktemp("toolkit")
    venv.create(folder, symlinks=True)
    executable = folder / "bin" / "python"
    site = next((folder / "lib").glob("python*/site-packages"))
    pip = [sys.executable, "-m", "pip", "--python", str(executable), "install", "--quiet"]
    subprocess.run([*pip, *TOOLKIT], check=True)
    (site / "shared.pth").write_text(sysconfig.get_paths()["purelib"])
    return executable


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact as training writes it: graph, weights and code."""
    folder = tmp_path_factory.mktemp("artifact")
    torch.manual_seed(1)
    network = build("simple_cnn", len(LABELS)).eval()
    save(network.state_dict(), folder / WEIGHTS)
    export_onnx(network, SPEC, folder / GRAPH)
    copy_code(folder)
    write_artifact(folder, ModelCard("tiny", "simple_cnn", LABELS, SPEC, temperature=0.5))
    return folder


@pytest.mark.slow
def test_both_engines_give_the_same_answers_and_refusals(python: Path, folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.jpg"
    image.write_bytes(picture("red"))
    answers = {}
    for engine in ("openvino", "torch"):
        command = [str(python), "-c", CALLER, engine, str(folder), str(image)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        answers[engine] = json.loads(run.stdout.splitlines()[-1])
    for first, second in zip(*answers.values(), strict=True):
        assert first[0] == second[0]
    statuses = [status for status, _ in answers["torch"]]
    assert statuses == [200, 200, 400, 415, 400]
    full = [json.loads(answers[engine][0][1])["probabilities"] for engine in answers]
    assert full[0] == pytest.approx(full[1], abs=1e-4)
    assert len(json.loads(answers["torch"][1][1])) == 1
