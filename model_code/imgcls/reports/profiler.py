"""`profiler-report.html`: where the time of a training job went, and what to change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from imgcls.reports import charts
from imgcls.reports.advice import Advice
from imgcls.reports.machine_charts import render_machine
from imgcls.reports.page import Section, details, facts, notice, page, paragraph, side_by_side, table
from imgcls.reports.profile_advice import advise, step_ms
from imgcls.reports.records import TrainingRecords
from imgcls.reports.scales import Series, number

FILE = "profiler-report.html"
_MAX_OPERATORS = 12


def render_profiler_report(output_data: Path) -> str:
    """The page of the profile in `output_data`."""
    records = TrainingRecords.read(output_data)
    profile, environment = records.profile, records.environment
    name = environment.get("hyperparameters", {}).get("model-name", "model")
    if not profile:
        body = notice("warning", "The job left no profile: it was killed before it could write one.")
        return page(f"Profiler report: {name}", "", [Section("Summary", body)])
    advice = advise(profile, environment)
    sections = [
        Section("Summary", _summary(profile, environment)),
        Section("Findings", "".join(_notice(item) for item in advice)),
        Section("A training step", _step(profile)),
        Section("Phases", _phases(profile.get("phases", []))),
    ]
    if profile.get("operators"):
        sections.append(Section("Operators", _operators(profile)))
    if profile.get("system"):
        sections.append(Section("Machine", render_machine(profile["system"], environment)))
    subtitle = f"{environment.get('device', 'cpu')}, {environment.get('platform', 'unknown platform')}"
    return page(f"Profiler report: {name}", subtitle, sections)


def _summary(profile: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    parts = step_ms(profile)
    total = sum(parts.values())
    batch = profile.get("batch_size") or 0
    return facts(
        {
            "duration": f"{profile.get('seconds', 0):.1f} s",
            "steps": f"{profile.get('num_steps', 0):,}",
            "batch size": batch,
            "mean step": f"{total:.1f} ms" if total else "-",
            "images per second": number(1000 * batch / total) if total else "-",
            "waiting for data": f"{parts.get('data-wait', 0) / total:.1%}" if total else "-",
            "cores": environment.get("num_cpus", "-"),
        }
    )


def _notice(advice: Advice) -> str:
    gain = f" Expected gain: {advice.gain}." if advice.gain else ""
    return notice(advice.severity, advice.title, advice.text + gain)


def _step(profile: Mapping[str, Any]) -> str:
    mean_ms, p95_ms = step_ms(profile), profile.get("p95_ms", {})
    total = sum(mean_ms.values())
    if not total:
        return paragraph("No step was timed.")
    parts = {name: [value, p95_ms.get(name, 0.0)] for name, value in mean_ms.items() if value}
    split = charts.bars(["mean", "95th percentile"], parts, label="Time split of a step", unit=" ms")
    rows = [
        (name, f"{value:.2f} ms", f"{value / total:.1%}", f"{p95_ms[name]:.2f} ms" if name in p95_ms else "-")
        for name, value in mean_ms.items()
    ]
    over_time = [
        Series(name, [step["step"] for step in profile["steps"]], [step["ms"][i] for step in profile["steps"]])
        for i, name in enumerate(profile.get("step_parts", []))
    ]
    chart = charts.lines(over_time, label="All steps", x_label="step", y_label="ms, logarithmic", logarithmic=True)
    columns = ("Part", "Mean", "Share", "95th percentile")
    listed = table("Without the first step and the steps whose operators were recorded", columns, rows)
    return side_by_side([split + listed, chart])


def _phases(phases: Sequence[Mapping[str, Any]]) -> str:
    """`epoch-3` and the other epochs are added up: the question is start-up or training."""
    totals: dict[str, float] = {}
    for phase in phases:
        name = re.sub(r"^(epoch|validation|checkpoint)(?:-\d+)*$", r"\1s", phase["name"])
        totals[name] = totals.get(name, 0.0) + phase["seconds"]
    whole = sum(totals.values()) or 1
    names = {name: name.replace("epochs", "training epochs") for name in totals}
    chart = charts.bars(
        [names[n] for n in totals], {"seconds": list(totals.values())}, label="Seconds of each phase", unit=" s"
    )
    rows = [(names[name], f"{value:.2f} s", f"{value / whole:.1%}") for name, value in totals.items()]
    every = [(phase["name"], f"{phase['seconds']:.2f} s") for phase in phases]
    return side_by_side([chart, table("Share of the job", ("Phase", "Time", "Share"), rows)]) + details(
        "All phases", table("In order", ("Phase", "Time"), every)
    )


def _operators(profile: Mapping[str, Any]) -> str:
    """Times per step, so that they can be compared with the table of a step's parts."""
    rows, steps = profile["operators"], profile.get("operator_steps") or 1
    has_gpu = any(item.get("gpu_ms") for item in rows)
    clocks = {"cpu_ms": "CPU per step", "gpu_ms": "GPU per step"} if has_gpu else {"cpu_ms": "CPU per step"}
    cells = [
        (
            item["name"],
            number(round(item["calls"] / steps, 1)),
            *(f"{item.get(clock, 0.0) / steps:.2f} ms" for clock in clocks),
            f"{item['share']:.1%}",
        )
        for item in rows
    ]
    columns = ("Operator", "Calls per step", *clocks.values(), "Share")
    text = (
        f"Self time, without the operators that they call, over {steps} recorded steps. Recording them took "
        f"{profile.get('profiling_seconds', 0.0):.1f} s of the job. "
    )
    if profile.get("trace"):
        text += f"Their trace, {profile['trace']} in the job's output, opens in ui.perfetto.dev and in TensorBoard."
    elif "trace" in profile:
        text += f"The trace had {profile['trace_bytes'] / 1e6:.0f} MB and was not kept: record fewer steps (active)."
    return (
        paragraph(text, soft=True)
        + table("The most expensive operators", columns, cells[:_MAX_OPERATORS])
        + (details("Further operators", table("", columns, cells[_MAX_OPERATORS:])) if cells[_MAX_OPERATORS:] else "")
    )
