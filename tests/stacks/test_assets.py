"""The archives that a deployment uploads: their contents, and that they are the same bytes every time."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from pipeline import specs
from pipeline.functions import FUNCTIONS, Function
from stacks.constructs.assets import function_sources, job_sources, pack
from tests.stacks.assemblies import assembly, properties

LAMBDA_HAS = {"boto3", "botocore", *sys.stdlib_module_names}


@pytest.fixture(scope="module")
def functions() -> Path:
    """The Lambda archive of the pipeline's functions, as it is uploaded."""
    return next(path for path in assembly("prod").glob("asset.*") if (path / specs.FILE).exists())


def test_the_code_archive_does_not_depend_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    first = pack(job_sources())
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    assert pack(job_sources()) == first


def test_the_code_archive_contains_only_sources_sorted_and_without_owners() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(job_sources())), mode="r:gz") as archive:
        members = archive.getmembers()
    names = [member.name for member in members]
    assert names == sorted(names) and len(set(names)) == len(names)
    assert {"train.py", "imgcls/__init__.py", "imgcls/contract/keys.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".md", "Dockerfile"))]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_the_state_machine_names_the_archive_that_is_uploaded(environment: str) -> None:
    (machine,) = properties(environment, "AWS::StepFunctions::StateMachine")
    key = machine["DefinitionSubstitutions"]["CodeKey"]
    assert key.endswith(".gz")
    assert list(assembly(environment).glob(f"asset.{key.removesuffix('.gz')}*"))
    plan = next(
        item["Environment"]["Variables"]
        for item in properties(environment, "AWS::Lambda::Function")
        if "CODE_FILE" in item.get("Environment", {}).get("Variables", {})
    )
    assert plan["CODE_FILE"] == key


def test_function_sources_import_only_what_lambda_has() -> None:
    for name, content in function_sources():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            others = {module.split(".")[0] for module in modules} - LAMBDA_HAS - {"lambdas", "imgcls"}
            assert not others, f"{name} imports {others}"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.folder)
def test_each_handler_can_be_imported_from_the_archive(function: Function, functions: Path, tmp_path: Path) -> None:
    module, name = function.handler.rsplit(".", 1)
    code = f"import importlib; assert callable(importlib.import_module({module!r}).{name})"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(functions), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_specs_are_next_to_their_handler(functions: Path) -> None:
    document = json.loads((functions / specs.FILE).read_text())
    assert set(document["models"]) >= {"cat-dog-classifier", "dog-breed-classifier"}


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_variables_of_a_function_stay_below_the_limit(environment: str) -> None:
    for item in properties(environment, "AWS::Lambda::Function"):
        variables = item.get("Environment", {}).get("Variables", {})
        assert len(json.dumps(variables)) < 4096
