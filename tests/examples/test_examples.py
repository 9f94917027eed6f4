"""Every example runs, and says what its page promises."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kennel import Project
from samples import draw
from tests.stacks.assemblies import synthesize

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_run_here_or_by_the_demo():
    named = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    assert [path.name for path in EXAMPLES.iterdir() if path.stem not in named and path.name != "__pycache__"] == []
    assert (EXAMPLES / "demo.py").is_file()


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_two_accounts_from_one_file(environment, tmp_path):
    config = Project.load(EXAMPLES / "two_accounts").config(environment)
    folder = synthesize(config, tmp_path, rule_packs=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    places = {
        stack["environment"] for stack in manifest["artifacts"].values() if stack["type"] == "aws:cloudformation:stack"
    }
    assert places == {f"aws://{config.account}/{config.region}"}
    assert (folder / f"Flowers-{environment.capitalize()}-Serving.template.json").is_file()


def test_train_and_predict_from_a_folder(tmp_path):
    draw(tmp_path / "pictures", "breeds", 2, 24, 1)
    predicted, right = load("train_and_predict").main(tmp_path / "pictures", tmp_path / "model")
    labels = json.loads((tmp_path / "model" / "model.json").read_text())["labels"]
    assert {predicted, right} <= set(labels)


def test_ask_many_models_side_by_side(tmp_path):
    asked = []

    class Runtime:
        def invoke_endpoint(self, **request):
            asked.append(request["TargetModel"])
            name, version, _ = request["TargetModel"].split("/")
            label = {"label": f"as {name}", "probability": 0.75}
            answer = {"model": name, "version": version, **label, "predictions": [label]}
            return {"Body": Body(json.dumps(answer))}

    class Storage:
        def get_object(self, Bucket, Key):
            name = Path(Key).stem
            alias = {"name": name, "current": f"{name}/v1/model.tar.gz", "previous": []}
            return {"Body": Body(json.dumps({**alias, "who": "", "when": "", "why": "", "format": 1}))}

    class Body:
        def __init__(self, text):
            self.read = text.encode

    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"jpeg")
    answers = load("ask_many_models").ask("e", "b", picture, ["core", "mobile"], runtime=Runtime(), s3=Storage())
    assert asked == ["core/v1/model.tar.gz", "mobile/v1/model.tar.gz"]
    assert {model: answer.label for model, answer in answers.items()} == {"core": "as core", "mobile": "as mobile"}


def test_price_every_environment(capsys):
    found = load("price_every_environment").prices(EXAMPLES / "two_accounts")
    assert set(found) == {"dev", "prod"}
    assert all(at_rest > 10 and run > 0.1 for at_rest, run in found.values())
    assert found["prod"][0] > found["dev"][0]


def test_test_with_the_local_cloud():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        EXAMPLES / "test_with_the_local_cloud.py",
    ]
    done = subprocess.run(command, cwd=EXAMPLES.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and re.search("1 passed", done.stdout), done.stdout + done.stderr
