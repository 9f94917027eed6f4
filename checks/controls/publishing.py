"""The order of the pipeline: every path to a published model passes the quality gate and the smoke test.

States are known by the function that they invoke, not by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.assembly import Assembly, dig
from checks.control import Control, Found
from checks.machines import KIND, definition, handler_of, invoked
from checks.paths import Arrival, Fact, Facts, State, arrivals
from pipeline import functions
from pipeline.tasks import GET_OBJECT

GATE, SMOKE_TEST, PUBLISH, STAGE, REGISTER = (
    function.folder
    for function in (
        functions.QUALITY_GATE,
        functions.SMOKE_TEST,
        functions.PUBLISH_MODEL,
        functions.STAGE_ARTIFACT,
        functions.REGISTER_MODEL,
    )
)
ANSWERS = {GATE: ("passed", "run_uri"), SMOKE_TEST: ("on", "target_model")}
"""Function -> (the answer that a Choice must read, the field of its input that says what it was asked about)."""
PROVE = {f"{GATE}-answer": GATE, f"{SMOKE_TEST}-answer": SMOKE_TEST, "staged-there": "staged"}
HARMLESS, STAGING = ("champion", "refresh"), "stage"
"""The actions of PublishModel that publish nothing: what is served now, new instances. What is staged is published by
a later run, without the gate."""


def unproved(assembly: Assembly) -> Iterator[Found]:
    for machine in assembly.of(KIND):

        def learn(state: State) -> set[Fact]:
            return _learned(state, assembly)

        for arrival in arrivals(definition(machine), learn, PROVE):
            if missing := _missing(arrival, assembly):
                yield f"{machine.label}:{arrival.name}", missing


def _learned(state: State, assembly: Assembly) -> set[Fact]:
    """What a Task leaves in the state: an answer and what it is about, or the run's plan."""
    place = state.get("ResultPath", "$")
    if state.get("Resource") == GET_OBJECT and place:
        return {("staged-there", f"{place}.plan.staged")}
    name = handler_of(invoked(state, assembly))
    if name not in ANSWERS or not place or not _written_out(state):
        return set()
    answer, subject = ANSWERS[name]
    about = dig(state, "Parameters.Payload", {}).get(f"{subject}.$", "")
    flag = _selected(state, f"$.Payload.{answer}")
    return {(f"{name}-answer", f"{place}.{flag}"), (f"{name}-about", about)} if flag else set()


def _written_out(state: State) -> bool:
    """Whether a Task's payload is in its definition, with paths into the whole state."""
    return state.get("InputPath", "$") == "$" and isinstance(dig(state, "Parameters.Payload"), dict)


def _selected(state: State, source: str) -> str:
    """The name under which a Task's result keeps the value at `source`; empty if it does not."""
    if "ResultSelector" not in state:
        return source.removeprefix("$.")
    return next((key.removesuffix(".$") for key, value in state["ResultSelector"].items() if value == source), "")


def _missing(arrival: Arrival, assembly: Assembly) -> str:
    """What a path to this state has not proved, for states that publish, approve or stage."""
    facts, payload = arrival.facts, dig(arrival.state, "Parameters.Payload", {})
    name = handler_of(invoked(arrival.state, assembly))
    fields: dict[str, Any] = payload if isinstance(payload, dict) else {}
    if name in (STAGE, PUBLISH, REGISTER) and not _written_out(arrival.state):
        return "what it is asked for is not written out"
    if name == STAGE:
        return _about(facts, GATE, fields.get("run_uri.$")) or (
            "" if (GATE, "") in facts else "before the quality gate"
        )
    stages = name == PUBLISH and fields.get("action") == STAGING
    publishes = name == PUBLISH and fields.get("action") not in (*HARMLESS, STAGING)
    approves = name == REGISTER and (fields.get("approved", False) is not False or "approved.$" in fields)
    if not publishes and not approves and not stages:
        return ""
    if not {(GATE, ""), ("staged", "")} & facts:
        return "a path leads here past the quality gate"
    if stages:
        return ""
    if (SMOKE_TEST, "") not in facts:
        return "a path leads here past the smoke test"
    return _about(facts, SMOKE_TEST, fields.get("target_model.$")) if publishes else ""


def _about(facts: Facts, name: str, path: Any) -> str:
    return "" if (f"{name}-about", path) in facts else f"it is about something else than {name} was asked about"


CONTROLS = (
    Control(
        "machine.gated",
        "publish only what passed the quality gate and the smoke test, on every path",
        unproved,
    ),
)
