"""Which finding of a schedule is explained, and why it comes about.

Explained is what the last step breaks, or what goes on for ever, a hang or a loop. No single execution can show the
latter: a search looks for it, and it counts if it is found with the very schedule that is to be explained. The schedule
of a loop ends in a state that it has met before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import attrs

from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.core.properties import LIVELOCK, Property, endless
from aprt.explore.failures.failing import Playground
from aprt.explore.replay import replay
from aprt.explore.result import Bounds
from aprt.verdict.ask import ask
from aprt.verdict.cause import STATES, Cause, cause
from aprt.verdict.realised import Realised, realised_by
from aprt.verdict.search import Search
from aprt.verdict.tokens import Recording
from aprt.verdict.verdict import selected

_BOUNDS = Bounds(max_states=100_000)


@attrs.frozen
class Instead:
    """What an execution breaks that breaks nothing of what was asked about."""

    asked: tuple[str, ...]  # the numbers of the properties
    broken: tuple[Finding, ...]


def explained_execution(recording: Recording, ids: tuple[str, ...] = ()) -> Execution:
    """The execution of a recording, with its findings in the order in which they matter to a reader.

    First those of its last step, the scenario's own before others; then what goes on for ever; then what broke earlier.
    ids: the properties to look at; none means those that it was recorded for, or else all.

    Raises: `UserError` for a property that the scenario does not have, `ReplayMismatch` as `replay`.
    """
    ids = ids or recording.asked
    asked = selected(recording.case, recording.model, ids) if ids else recording.model.properties
    execution = replay(recording.model.system, recording.schedule, asked)
    own = {property.id for property in selected(recording.case, recording.model, ())}
    steps = len(recording.schedule)
    last = [finding for finding in execution.findings if len(finding.schedule) == steps]
    last.sort(key=lambda finding: finding.property not in own)
    any_loop = not (last or ids) and _comes_back(recording)
    endless = [] if last else list(_endless(recording, [p for p in asked if ids or any_loop or p.id in own]))
    endless.sort(key=lambda finding: finding.property == LIVELOCK.id)  # the least that can be said
    earlier = sorted((f for f in execution.findings if len(f.schedule) < steps), key=lambda f: -len(f.schedule))
    return attrs.evolve(execution, findings=(*last, *endless, *earlier))


def instead(recording: Recording, ids: tuple[str, ...], execution: Execution) -> Instead | None:
    """What an execution breaks instead of the properties asked about; None where it breaks one of them, or all were.

    ids, execution: the argument and the result of `explained_execution`.
    """
    if execution.findings or not ids or "all" in ids:
        return None
    asked = selected(recording.case, recording.model, ids)
    every = replay(recording.model.system, recording.schedule, recording.model.properties)
    return Instead(tuple(property.id for property in asked), every.findings)


def why(recording: Recording, execution: Execution, states: int = STATES) -> Cause | Realised | None:
    """Why the first finding of an execution comes about; None where there is none, or nothing can be said of it.

    states: how many to look at to find that out. Raises: `ReplayMismatch` when the drivers differ.
    """
    if not execution.findings:
        return None
    first = execution.findings[0]
    return cause(recording, first, states) or realised_by(recording, first)


def _endless(recording: Recording, properties: Sequence[Property]) -> Iterator[Finding]:
    ids = tuple(property.id for property in properties if endless(property))
    found = ask(recording.case, ids, Search(bounds=_BOUNDS, stop_on="all")).shown if ids else ()
    return (shown.finding for shown in found if shown.finding.schedule == recording.schedule)


def _comes_back(recording: Recording) -> bool:
    """Whether a schedule ends in a state that it has met before."""
    with closing(Playground(recording.model.system, Property("", "", ()))) as ground:
        *earlier, last = ground.states(ground.play(recording.schedule).steps)
    return last in earlier
