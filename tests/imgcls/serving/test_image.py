"""The serving image without a container engine: its Dockerfile, and a server that runs in its exact layout."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTEXT = ROOT / "model_code"
MODULES = {"pillow": "PIL"}
"""Where a package's module has another name."""
ELSEWHERE = {"imgcls.serving.torch_engine": "AWS's images have no OpenVINO and run this instead"}
OPTIONAL = {
    "sagemaker_inference": "AWS's toolkit, where it is what calls the four functions",
    "simplejpeg": "decodes for training, where it is installed",
}


def _stage(name: str) -> list[tuple[str, str]]:
    """(instruction, arguments) of one stage of the Dockerfile, comments and line breaks removed."""
    text = re.sub(r"^#.*\n", "", (CONTEXT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    stages = re.split(r"^(?=FROM )", text, flags=re.M)[1:]
    (stage,) = [stage for stage in stages if re.match(rf"FROM \S+ AS {name}$", stage, flags=re.M)]
    lines = [line.split(maxsplit=1) for line in stage.splitlines() if line.strip()]
    return [(instruction, arguments) for instruction, arguments in lines]


def _pins(name: str) -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in (CONTEXT / name).read_text().splitlines()]
    return dict(line.split("==") for line in lines if line and not line.startswith("-c "))


def _copied(target: Path) -> None:
    """Copy the context's files as the serving stage's COPY lines do, with `target` as the root."""
    for instruction, arguments in _stage("serving"):
        if instruction == "COPY" and not arguments.startswith("--from"):
            *sources, place = arguments.split()
            for source in sources:
                path, goal = CONTEXT / source, target / place.lstrip("/")
                if path.is_dir():
                    shutil.copytree(path, goal, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    goal.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, goal)


def test_labels_declare_many_models_and_a_port_chosen_by_the_platform() -> None:
    labels = " ".join(arguments for instruction, arguments in _stage("serving") if instruction == "LABEL").split()
    assert set(labels) == {
        "com.amazonaws.sagemaker.capabilities.multi-models=true",
        "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true",
    }


def test_a_container_is_reached_from_outside() -> None:
    (variables,) = [arguments for instruction, arguments in _stage("serving") if instruction == "ENV"]
    assert "KENNEL_HOST=0.0.0.0" in variables.split()


def test_the_serving_stage_runs_as_a_plain_user_and_installs_nothing() -> None:
    stage = _stage("serving")
    assert ("USER", "10001") in stage
    assert [arguments for instruction, arguments in stage if instruction == "ENTRYPOINT"] == [
        '["python", "/opt/kennel/serve.py"]'
    ]
    assert not [
        arguments for instruction, arguments in stage if re.search(r"\b(pip|apt|apt-get|gcc|curl)\b", arguments)
    ]
    assert any(instruction == "HEALTHCHECK" for instruction, _ in stage)


@pytest.mark.parametrize("stage", ["packages", "materials", "jobs"])
def test_every_package_of_an_image_is_installed_by_its_hash_and_no_other(stage: str) -> None:
    commands = [part for _, text in _stage(stage) for part in text.split("&&") if "pip install" in part]
    assert commands
    for command in commands:
        words = command.split()
        assert {"--no-deps", "--require-hashes", "--only-binary"} <= set(words) and words[-1].endswith(".lock")


def test_base_images_are_arguments() -> None:
    for name in ("packages", "serving", "jobs"):
        assert re.match(r"\$\{[A-Z_]+\} AS ", _stage(name)[0][1])


@pytest.mark.parametrize("name", ["requirements-serving.txt", "requirements-jobs.txt"])
def test_pins_are_exact_and_those_that_the_repository_is_tested_with(name: str) -> None:
    tested = {}
    for file in ("requirements.txt", "requirements-dev.lock"):
        for match in re.finditer(r"^([\w.-]+)(?:\[.*\])?==(\S+)", (ROOT / file).read_text(), flags=re.M):
            tested[match[1].lower()] = match[2]
    pins = _pins(name)
    assert pins == {package: tested[package.lower()] for package in pins}


def test_the_server_imports_only_what_its_image_has(tmp_path: Path) -> None:
    _copied(tmp_path)
    home = tmp_path / "opt" / "kennel"
    allowed = {MODULES.get(name, name) for name in _pins("requirements-serving.txt")} | set(OPTIONAL)
    seen, waiting = set(), ["serve"]
    while waiting:
        module = waiting.pop()
        if module in seen or module in ELSEWHERE:
            continue
        seen.add(module)
        path = home / Path(*module.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for name in _imports(path):
            top = name.split(".")[0]
            if top in ("imgcls", "inference"):
                waiting.append(name)
            else:
                assert top in allowed or top in sys.stdlib_module_names, f"{path.name} imports {name}"
    assert {"imgcls.serving.engine", "imgcls.images.preprocess", "imgcls.contract.artifact"} <= seen


def _imports(path: Path) -> Iterator[str]:
    """Absolute names of the modules that a file imports anywhere but for type checkers."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            module = ".".join((*_package(path, node.level), node.module))
            yield module
            # `from imgcls.artifacts import graph_file` may name a module.
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if (CONTEXT / Path(*name.split("."))).with_suffix(".py").is_file())


def _package(path: Path, level: int) -> Sequence[str]:
    """What a relative import is relative to; nothing for an absolute one."""
    return path.parts[path.parts.index("imgcls") : -level] if level else ()


def _environment(folder: Path, lock: str) -> Path:
    """The interpreter of a new environment with one lock, installed as in the image."""
    venv.create(folder)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    subprocess.run([*pip, *options, "-r", CONTEXT / lock], check=True)
    return python


@pytest.fixture(scope="module")
def image_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _environment(tmp_path_factory.mktemp("image") / "venv", "requirements-serving.lock")


@pytest.mark.parametrize(("stage", "python"), [("materials", "/opt/venv/bin/python"), ("jobs", "$(command -v python)")])
def test_each_image_gets_a_bill_of_its_own_packages(stage: str, python: str) -> None:
    (command,) = [arguments for _, arguments in _stage(stage) if "cyclonedx_py" in arguments]
    words = command.split("python -m cyclonedx_py ", 1)[1].split("&&")[0].replace('"', "").split()
    assert words[0] == "environment" and " ".join(words).endswith(f"--output-file /opt/sbom.cdx.json {python}")
    assert ("COPY", "--from=materials /opt/sbom.cdx.json /opt/") in _stage("serving")


@pytest.mark.slow
def test_the_bill_of_materials_lists_exactly_the_images_packages(tmp_path: Path, image_python: Path) -> None:
    tool = _environment(tmp_path / "sbom", "requirements-sbom.lock")
    bills = []
    for name in ("a.json", "b.json"):
        output = ["--output-file", str(tmp_path / name)]
        options = ["--no-validate", "--output-reproducible", *output]
        subprocess.run([tool, "-m", "cyclonedx_py", "environment", *options, image_python], check=True)
        bills.append((tmp_path / name).read_bytes())
    assert bills[0] == bills[1]
    bill = json.loads(bills[0])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {item["name"].lower().replace("_", "-"): item["version"] for item in bill["components"]}
    assert listed == {name.lower(): version for name, version in _pins("requirements-serving.txt").items()}
    assert all(item["purl"].startswith("pkg:pypi/") for item in bill["components"])


@pytest.mark.slow
def test_the_images_layout_passes_the_contract_tests(tmp_path: Path, image_python: Path) -> None:
    """The final stage's files with only its packages; the code is read-only."""
    _copied(tmp_path)
    home = tmp_path / "opt" / "kennel"
    for path in home.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    names = ("test_container_contract.py", "test_predictions.py", "test_hostile_requests.py")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(str(Path(__file__).with_name(name)) for name in names)],
        env={
            **os.environ,
            "SERVE_UNDER_TEST": str(home / "serve.py"),
            "PYTHON_UNDER_TEST": str(image_python),
        },
        check=True,
    )
