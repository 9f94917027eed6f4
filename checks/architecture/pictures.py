"""The pictures of docs/architecture.md, generated from the code as Mermaid text, which GitHub renders."""

from __future__ import annotations

import re
from collections.abc import Mapping

import config
from checks.architecture.flow_chart import FAILED, flow_chart, reached
from checks.architecture.imports import ROOT, Graph, essential, room_graph
from checks.architecture.packages import PAGE, rows
from pipeline import state_machine

ENVIRONMENT = "dev"
PACKAGES = (
    "stacks",
    "pipeline",
    "config",
    "lambdas",
    "imgcls",
    "imgcls.contract",
    "checks",
    "localcloud",
    "kennel",
    "samples",
)
BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def blocks() -> dict[str, str]:
    """Name of a generated part of the page -> its text."""
    definition = state_machine(config.load(ENVIRONMENT))
    model = definition["States"]["TrainModels"]["ItemProcessor"]
    charts = {
        "run": flow_chart(definition),
        "model": flow_chart(model, stop=[FAILED]),
        "failure": flow_chart(model, start=FAILED, stop=reached(model, stop=[FAILED]) - {FAILED}),
        "packages": graph_chart(package_graph()),
        "imgcls": graph_chart(room_graph(ROOT / "model_code" / "imgcls")),
        "kennel": graph_chart(room_graph(ROOT / "kennel")),
    }
    return {name: f"```mermaid\n{chart}\n```\n" for name, chart in charts.items()}


def updated(page: str, parts: Mapping[str, str]) -> str:
    """The page with its generated parts replaced. Raises KeyError for a part that is not generated."""
    return BLOCK.sub(lambda found: found[1] + parts[found["name"]] + found[3], page)


def is_current() -> bool:
    text = PAGE.read_text()
    return updated(text, blocks()) == text


def package_graph() -> dict[str, set[str]]:
    """Our packages, with `imgcls.contract` beside the rest of imgcls."""
    graph: dict[str, set[str]] = {name: set() for name in PACKAGES}
    for row in rows():
        for path, name in row.imports():
            importer = _package(".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("model_code."))
            imported = _package(name)
            if importer and imported and importer != imported:
                graph[importer].add(imported)
    return graph


def graph_chart(graph: Graph) -> str:
    """All nodes, and the arrows that do not follow from others."""
    nodes = [f'  {_id(node)}["{node}"]' for node in sorted(graph)]
    arrows = sorted((node, other) for node, others in essential(graph).items() for other in others)
    return "\n".join(["flowchart TD", *nodes, *(f"  {_id(node)} --> {_id(other)}" for node, other in arrows)])


def _package(name: str) -> str | None:
    fitting = [package for package in PACKAGES if name == package or name.startswith(f"{package}.")]
    return max(fitting, key=len, default=None)


def _id(node: str) -> str:
    return node.replace(".", "_").strip("_") or node
