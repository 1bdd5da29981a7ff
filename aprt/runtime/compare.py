"""Comparing two executions that should be the same, and saying in words where they part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from aprt.core.errors import ReplayMismatch
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.system import System
from aprt.runtime.observer import UNWATCHED, Breach, Watch
from aprt.runtime.stage import Stage


@attrs.frozen
class Difference:
    """Where two executions part, with both sides in words.

    step: the index of the first event that differs; the number of events if only the ends do.
    """

    step: int
    expected: str
    live: str

    def __str__(self) -> str:
        return f"step {self.step}: expected {self.expected}; live: {self.live}"


def compare(expected: Execution, live: Execution, breaches: Sequence[Breach] = ()) -> Difference | None:
    """None iff the executions are equal and the live driver kept its own rules (`Stage.breaches`)."""
    for step in range(max(len(expected.events), len(live.events))):
        ours, theirs = _event(expected, step), _event(live, step)
        if ours != theirs:
            return Difference(step, *_words(expected, live, ours, theirs))
        for breach in breaches:
            if breach.index == step:
                return Difference(step, str(ours.label) if ours else "nothing", breach.text)
    if expected != live:
        return Difference(len(live.events), _end(expected), _end(live))
    return None


async def recheck(
    system: System, live: Execution, watch: Watch = UNWATCHED, breaches: Sequence[Breach] = ()
) -> Difference | None:
    """Whether a free execution is one that the model allows: its log, replayed step by step, gives itself again.

    So the order of its events is a linearisation, and every answer is the one of that order. watch: as it was for
    `live`; its limits and its `on_event` are left out.
    """
    watch = attrs.evolve(watch, max_steps=None, on_event=None)
    async with Stage(system) as stage:
        try:
            expected = await stage.replay(live.schedule, watch)
        except ReplayMismatch as mismatch:
            enabled = ", ".join(mismatch.enabled) or "nothing"
            return Difference(mismatch.step, f"one of {enabled}", mismatch.expected)
    return compare(expected, live, breaches)


def _event(execution: Execution, step: int) -> Event | None:
    return execution.events[step] if step < len(execution.events) else None


def _words(expected: Execution, live: Execution, ours: Event | None, theirs: Event | None) -> tuple[str, str]:
    if ours is None or theirs is None:
        return str(ours.label) if ours else _end(expected), str(theirs.label) if theirs else _end(live)
    if ours.label != theirs.label:
        return str(ours.label), str(theirs.label)
    names = [field.name for field in attrs.fields(Event) if getattr(ours, field.name) != getattr(theirs, field.name)]
    return _fields(ours, names), _fields(theirs, names)


def _fields(event: Event, names: Sequence[str]) -> str:
    values: list[tuple[str, Any]] = [(name, getattr(event, name)) for name in names]
    return f"{event.label} with " + ", ".join(f"{name} {value!r}" for name, value in values)


def _end(execution: Execution) -> str:
    waiting = ", ".join(f"{context} in {operation}" for context, operation in execution.blocked)
    broken = ", ".join(f"{finding.property}: {finding.text}" for finding in execution.findings)
    text = f"the end ({execution.ending})"
    text += f", waiting: {waiting}" if waiting else ""
    return text + (f", findings: {broken}" if broken else "")
