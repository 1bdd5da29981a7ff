"""A replayed schedule as a log: one line per step, what it violated, and a line for grep."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from types import MappingProxyType

from aprt.core.amount import count
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.core.notes import Remark
from aprt.core.properties import Property, endless
from aprt.core.system import System
from aprt.verdict.predicted import Detected
from aprt.verdict.tokens import Recording
from aprt.view.columns import WIDTH
from aprt.view.detected_text import detected_lines
from aprt.view.heading import heading
from aprt.view.last_line import last_line, switches
from aprt.view.lists import wrapped
from aprt.view.paint import Paint
from aprt.view.words import step

_ENDINGS = MappingProxyType(
    {
        "end": "all is done",
        "deadlock": "deadlock",
        "oops": "the kernel stopped there",
        "cut": "more could follow",
    }
)
_LEAST = 30  # letters of a step in a line, however long the names of contexts are


def replay_text(
    recording: Recording,
    execution: Execution,
    properties: Sequence[Property],
    detected: Sequence[Detected],
    paint: Paint,
) -> str:
    """Every step as trio ran it. properties: what was checked. detected: what detectors saw."""
    lines = [heading(recording.case, paint), ""]
    lines += event_lines(recording.model.system, execution.events)
    steps = count(len(execution.events), "step")
    lines += ["", wrapped(f"{steps} on trio, the same as in the explorer; {ending_text(execution)}")]
    if not execution.findings and any(map(endless, properties)):
        lines.append("whether it can go on like this for ever is beyond one execution; aprt explain tells")
    for finding in at_last_step(execution):
        lines += ["", *finding_lines(finding, paint)]
    lines += detected_lines(detected, paint)
    return "\n".join([*lines, "", replay_line(recording, execution)])


def finding_lines(finding: Finding, paint: Paint) -> list[str]:
    """What was violated; for a cycle in the lock order, also who makes it."""
    head, *more = textwrap.wrap(f"VIOLATED {finding.property}: {finding.text}", WIDTH, subsequent_indent="  ")
    parts = (textwrap.wrap(part.text, WIDTH, initial_indent="  ", subsequent_indent="    ") for part in finding.parts)
    return [head.replace("VIOLATED", paint.red("VIOLATED"), 1), *more, *(line for part in parts for line in part)]


class EventLines:
    """Turns events into lines as they come. The name of a context stands only where its turn begins."""

    def __init__(self, system: System) -> None:
        self._width = max((len(context.name) for context in system.contexts), default=0)
        self._before = ""

    def of(self, event: Event) -> list[str]:
        """The lines of one event: the step, and remarks on it."""
        name = event.context if event.context != self._before else ""
        self._before = event.context
        remarks = [note.text for note in event.notes if isinstance(note, Remark)]
        head, below = f"{event.index:4}  {name.ljust(self._width)}  ", f"{'':4}  {'':{self._width}}  "
        lines = textwrap.wrap(step(event), max(_LEAST, WIDTH - len(head)), subsequent_indent="  ") or [""]
        return [head + lines[0], *(below + line for line in (*lines[1:], *(f"({remark})" for remark in remarks)))]


def event_lines(system: System, events: Iterable[Event]) -> list[str]:
    """The lines of all events."""
    lines = EventLines(system)
    return [line for event in events for line in lines.of(event)]


def at_last_step(execution: Execution) -> list[Finding]:
    """The findings, first those that the last step shows, as a schedule is usually made for one of these."""
    return sorted(execution.findings, key=lambda finding: -len(finding.schedule))


def replay_line(recording: Recording, execution: Execution) -> str:
    """The last line, like that of a verdict."""
    found = ",".join(finding.property for finding in at_last_step(execution))
    told = {
        "property": found,
        "scenario": recording.case.name,
        "era": recording.case.era.name,
        **switches(recording.case.settings),
        "steps": len(execution.events),
        "token": recording.token,
    }
    return last_line("VIOLATED" if found else "REPLAYED", told)


def ending_text(execution: Execution) -> str:
    waits = ", ".join(f"{context} waits for {op}" for context, op in execution.blocked)
    return _ENDINGS[execution.ending] + (f": {waits}" if waits else "")
