"""Who may import whom, by the table of docs/architecture.md; that page against the code; what modules must have."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from checks.architecture import flow_chart, pictures
from checks.architecture.__main__ import main
from checks.architecture.imports import ROOT, circles, essential, imports, module_graph, modules, room_graph
from checks.architecture.packages import PAGE, Row, row_of, rows
from pipeline import state_machine

PACKAGES = (
    "benchmarks", "checks", "config", "kennel", "lambdas", "localcloud", "model_code/imgcls", "pipeline", "samples",
    "stacks",
)  # fmt: skip
RECURSIVE = {"localcloud"}
"""Packages in which two halves of a recursive parser import each other. Their rooms do not."""


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.folder)
def test_imports_follow_the_table(row: Row) -> None:
    assert row.modules, f"{row.folder} does not contain modules"
    wrong = [f"{path.relative_to(ROOT)} imports {name}" for path, name in row.imports() if row.permission(name) is None]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.folder)
def test_the_table_permits_only_what_is_needed(row: Row) -> None:
    assert {row.permission(name) for _, name in row.imports()} >= row.ours | row.third_party


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_a_row(package: str) -> None:
    assert not [path for path in modules(ROOT / package) if row_of(path) is None]


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_do_not_import_each_other_in_circles(package: str) -> None:
    assert circles(room_graph(ROOT / package)) == []


@pytest.mark.parametrize("package", sorted({*PACKAGES} - RECURSIVE))
def test_modules_do_not_import_each_other_in_circles(package: str) -> None:
    assert circles(module_graph(ROOT / package)) == []


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert circles(graph) == [["a", "b", "c"]]


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    assert essential({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_imports_are_read_in_every_form(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "import json.decoder\nfrom checks import assembly, __all__\ndef f():\n    from config import load\n"
    )
    assert list(imports(path)) == ["json.decoder", "checks.assembly", "checks", "config"]


def test_the_pictures_are_current() -> None:
    assert pictures.is_current(), "run python -m checks.architecture --write"


def test_a_picture_that_is_out_of_date_is_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "architecture.md"
    old.write_text(PAGE.read_text().replace("PlanRun --> ChoosePreparation", "PlanRun --> TrainModels"))
    for module in ("checks.architecture.pictures", "checks.architecture.__main__"):
        monkeypatch.setattr(f"{module}.PAGE", old)
    assert main([]) == 1
    assert main(["--write"]) == 0
    assert old.read_text() == PAGE.read_text()


def test_the_pictures_of_the_pipeline_show_every_state() -> None:
    definition = state_machine(config.load(pictures.ENVIRONMENT))
    flows = [definition, definition["States"]["TrainModels"]["ItemProcessor"]]
    states = {name for flow in flows for name in flow["States"]}
    page = PAGE.read_text()
    unseen = {name for name in states if f"  {name}" not in page}
    failures = {name for name in unseen if name.endswith("Failed")}
    # The failures of single states are one node, and those of the run look like those of a model.
    same = {"SummarizeFailure", "DiagnoseRunFailure", "RecoverRun", "WaitRun", "ResumeRun"}
    jobs, parts = ("PrepareDataset", "TuneModel", "TrainModel", "EvaluateModel"), ("TimedOut", "Left", "Stop")
    behind_a_job = {f"{job}{part}" for job in jobs for part in parts} & states
    looks = {f"TuneModel{part}" for part in ("Count", "Wait", "Describe", "Check", "Ended")}
    told = {"ChooseSummary", "CollectFailures", "SummarizeStaleFleet"}
    assert unseen - failures - same == told | behind_a_job | looks and all(name in page for name in told)
    assert same <= unseen and flow_chart.FAILED in page


def test_only_the_command_line_starts_the_local_cloud() -> None:
    """As a process: the table permits no import of it. Its name is an argument of the command, by which it is known."""
    nodes = [
        (path.relative_to(ROOT).as_posix(), node)
        for package in ("kennel", "config", "pipeline", "stacks", "lambdas", "model_code")
        for path in modules(ROOT / package)
        for node in ast.walk(ast.parse(path.read_text()))
    ]
    named = {path for path, node in nodes if isinstance(node, ast.Constant) and node.value == "localcloud"}
    assert named == {"kennel/cloud/local_record.py"}
    calls = {
        path for path, node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "local_record.command"
    }
    assert calls == {"kennel/cli/local.py"}


def test_torch_load_never_unpickles_code() -> None:
    """`torch.load` runs code from a pickle unless told otherwise."""
    for path in modules(ROOT / "model_code"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                safe = [k for k in node.keywords if k.arg == "weights_only" and ast.unparse(k.value) == "True"]
                assert safe, f"{path.relative_to(ROOT)}:{node.lineno} loads a pickle without weights_only=True"


@pytest.mark.parametrize("package", [*PACKAGES, "model_code"])
def test_every_module_says_what_it_is_for(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules(ROOT / package)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent, "\n".join(silent)


STOCK_IMAGE = {"PIL", "numpy", "psutil", "rich", "torch", "torchvision"}
"""The packages of AWS's training image for PyTorch 2.13, by its lock file, that training could use."""
OPTIONAL_IN_TRAINING = {"onnx", "onnxscript", "simplejpeg"}
"""Used only if they are installed."""


def reachable(script: Path) -> Iterator[Path]:
    """A script and every module of ours that it imports, at any depth."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            yield path
            for name in imports(path):
                base = ROOT / "model_code" / Path(*name.split("."))
                waiting += [place for place in (base.with_suffix(".py"), base / "__init__.py") if place.is_file()]


def test_training_imports_only_what_the_stock_image_has() -> None:
    found = set(reachable(ROOT / "model_code" / "train.py"))
    assert len(found) > 10
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in found
        for name in imports(path)
        if name.partition(".")[0] not in {"imgcls"} | STOCK_IMAGE | OPTIONAL_IN_TRAINING | sys.stdlib_module_names
    ]
    assert not wrong, "\n".join(wrong)


DECISIONS = ROOT / "docs" / "decisions"


def test_every_decision_is_listed() -> None:
    index = (DECISIONS / "README.md").read_text()
    listed = [line.split("](")[1].split(")")[0] for line in index.splitlines() if "](0" in line]
    assert listed == sorted(path.name for path in DECISIONS.glob("0*.md"))


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("0*.md")), ids=lambda page: page.stem)
def test_a_decision_has_its_sections(page: Path) -> None:
    text = page.read_text()
    index = (DECISIONS / "README.md").read_text()
    number, _, title = text.splitlines()[0].removeprefix("# ").partition(". ")
    assert int(page.name[:4]) == int(number) and f"| {number} | [{title}]({page.name}) |" in index
    assert [name for name in ("## Context", "## Decision", "## Consequences") if name not in text] == []
