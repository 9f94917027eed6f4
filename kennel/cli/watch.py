"""A running execution: a live table on a terminal, one line per event elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from imgcls.contract import metrics
from imgcls.contract.failures import causes, job_kinds
from kennel.cli.output import console, duration
from kennel.cloud.session import Session
from kennel.runs import executions, jobs
from kennel.runs.executions import Run
from kennel.runs.history import Job, Visit

SHOWN = ("Task", "Map", "Fail")
"""State types that do something; Choice, Pass and Wait only connect them."""
MARKS = {"running": "●", "succeeded": "✓", "failed": "✗"}
COLOURS = {"running": "cyan", "succeeded": "green", "failed": "red"}
TAIL_LINES = 6
WATCHED = ("train:epoch", "train:loss", "validation:loss", "validation:accuracy")


def model_names(run: Run) -> dict[int, str]:
    """Iteration -> the model's name, from the iteration's input."""
    names = {}
    for visit in run.visits:
        model = visit.input.get("model")
        if visit.iteration is not None and isinstance(model, dict) and "name" in model:
            names[visit.iteration] = model["name"]
    return names


def outcome(run: Run) -> str:
    """`dog-breed-classifier published, ...`, or the reason of a failure."""
    if run.status != "SUCCEEDED":
        return causes.explain_execution(run.error, run.cause)
    results = run.output.get("outcomes", []) if isinstance(run.output, dict) else []
    return ", ".join(f"{item['model']} {item['outcome']}" for item in results)


def follow_live(session: Session, name: str) -> Run:
    """Redraw the states, the running jobs' metrics and the newest log lines until the execution is final."""
    follower = _Follower(session)
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        for run in executions.follow(session, name):
            for _ in follower.lines(run):
                pass
            tail = Text("\n".join(follower.tail), style="dim", no_wrap=True, overflow="ellipsis")
            live.update(Group(_table(run, follower.metrics(run)), tail))
    print_run(run)
    return run


def follow_lines(session: Session, name: str) -> Run:
    """Print every change and every log line as it comes."""
    follower = _Follower(session)
    for run in executions.follow(session, name):
        for line in follower.lines(run):
            console.print(line, markup=False, soft_wrap=True)
    console.print(_summary(run), markup=False)
    return run


class _Follower:
    """Remembers what was already printed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._printed: dict[int, str] = {}
        self._tails: dict[Job, jobs.LogTail] = {}
        self._ended: set[Job] = set()
        self._measured: dict[Job, dict[str, float]] = {}
        self.tail: list[str] = []

    def lines(self, run: Run) -> Iterator[str]:
        names = model_names(run)
        for index, visit in enumerate(run.visits):
            if not _is_shown(visit):
                continue
            label = _label(visit, names)
            yield from self._job_lines(visit, label)
            state = f"{visit.status}{visit.attempts}" if visit.job else visit.status
            if self._printed.get(index) != state:
                self._printed[index] = state
                yield _change(visit, label)

    def metrics(self, run: Run) -> dict[Job, str]:
        """The current metrics of each running job."""
        running = [visit.job for visit in run.visits if visit.job and visit.status == "running"]
        return {job: self._metrics(job) for job in running}

    def _metrics(self, job: Job) -> str:
        """`validation:accuracy=0.93 ...` from a training job's log, or a tuning job's progress."""
        if job.kind == job_kinds.TUNING.name:
            return jobs.search_progress(self._session, job.name)
        measured = self._measured.get(job, {})
        return " ".join(f"{name}={measured[name]:.4g}" for name in WATCHED if name in measured)

    def _job_lines(self, visit: Visit, label: str) -> Iterator[str]:
        if visit.job is None or visit.job in self._ended:
            return
        tail = self._tails.setdefault(visit.job, jobs.LogTail(self._session, visit.job))
        for line in tail.read():
            self._measured.setdefault(visit.job, {}).update(metrics.parse(line))
            shown = f"  {label} | {line}"
            self.tail = [*self.tail, shown][-TAIL_LINES:]
            yield shown
        if visit.status != "running":
            self._ended.add(visit.job)


def _is_shown(visit: Visit) -> bool:
    return visit.kind in SHOWN and (not visit.is_poll or visit.status == "failed")


def _change(visit: Visit, label: str) -> str:
    job = f" ({visit.job.kind} job {visit.job.name})" if visit.job else ""
    took = f" in {duration(visit.seconds)}" if visit.exited else ""
    why = f": {_reason(visit)}" if visit.error else ""
    return f"{MARKS[visit.status]} {label} {visit.status}{took}{job}{why}"


def _reason(visit: Visit) -> str:
    """The same sentence as in the notification."""
    return causes.read(visit.error, visit.cause).sentence


def _label(visit: Visit, names: dict[int, str]) -> str:
    if visit.iteration is None:
        return visit.state
    return f"{names.get(visit.iteration, f'model {visit.iteration}')} / {visit.state}"


def _table(run: Run, measured: Mapping[Job, str] | None = None) -> Table:
    names = model_names(run)
    table = Table(
        "",
        "state",
        "model",
        "took",
        "job",
        "",
        box=None,
        header_style="bold",
        title=f"{run.name}  {run.status}  {duration(run.seconds)}",
    )
    table.title_justify = "left"
    for visit in (visit for visit in run.visits if _is_shown(visit)):
        seconds = visit.seconds if visit.exited else (datetime.now(UTC) - visit.entered).total_seconds()
        model = names.get(visit.iteration, "") if visit.iteration is not None else ""
        mark = Text(MARKS[visit.status], style=COLOURS[visit.status])
        job = visit.job.name if visit.job else ""
        table.add_row(
            mark,
            visit.state,
            model,
            duration(seconds),
            job,
            measured.get(visit.job, "") if measured and visit.job else "",
        )
    return table


def _summary(run: Run) -> str:
    return f"{run.name} {run.status} in {duration(run.seconds)}: {outcome(run)}"


def print_run(run: Run) -> None:
    """Print the states, then the outcome of each model or the reason of the failure."""
    console.print(_table(run))
    for visit in run.visits:
        if visit.status == "failed" and visit.error:
            console.print(f"\n{visit.state}: {_reason(visit)}", style="red", markup=False)
    console.print()
    console.print(_summary(run), style="green" if run.status == "SUCCEEDED" else "red", markup=False)
