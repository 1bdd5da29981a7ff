"""Which finding a schedule is told for, and why it comes about: what its last step breaks, or what goes on for ever.

One execution cannot show a hang or a loop. Such a finding is looked for by a search, and told when the search comes by
the very schedule that is to be told. A loop ends in a state in which it was before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import attrs

from aprt.core.execution import Execution
from aprt.core.properties import Finding, Property, endless
from aprt.explore.failing import Playground
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
    """asked: the properties asked about, none of which an execution breaks. broken: what it does break."""

    asked: tuple[str, ...]
    broken: tuple[Finding, ...]


def explained_execution(recording: Recording, ids: tuple[str, ...] = ()) -> Execution:
    """The execution of a recording, its findings in the order in which they are to be told.

    First those of its last step, the scenario's own before others; then what goes on for ever; then what broke
    earlier. ids: only these properties; none: those that it was recorded for, or all that the scenario can check.

    Raises: `UserError` for a property that it does not have, `ReplayMismatch` as `replay`.
    """
    ids = ids or recording.asked
    asked = selected(recording.case, recording.model, ids) if ids else recording.model.properties
    execution = replay(recording.model.system, recording.schedule, asked)
    own = recording.case.scenario.properties
    steps = len(recording.schedule)
    last = [finding for finding in execution.findings if len(finding.schedule) == steps]
    last.sort(key=lambda finding: finding.property not in own)
    any_loop = not (last or ids) and _comes_back(recording)
    endless = [] if last else list(_endless(recording, [p for p in asked if ids or any_loop or p.id in own]))
    earlier = sorted((f for f in execution.findings if len(f.schedule) < steps), key=lambda f: -len(f.schedule))
    return attrs.evolve(execution, findings=(*last, *endless, *earlier))


def instead(recording: Recording, ids: tuple[str, ...], execution: Execution) -> Instead | None:
    """What a schedule breaks where it does nothing of what was asked about; None where it does, or all was asked about.

    ids, execution: as given to, and got from, `explained_execution`.
    """
    if execution.findings or not ids or "all" in ids:
        return None
    asked = selected(recording.case, recording.model, ids)
    every = replay(recording.model.system, recording.schedule, recording.model.properties)
    return Instead(tuple(property.id for property in asked), every.findings)


def why(recording: Recording, execution: Execution, states: int = STATES) -> Cause | Realised | None:
    """Why the first finding of an execution comes about; None where nothing is found, or nothing can be said.

    states: to look at for what decides. Raises: `ReplayMismatch` when the drivers differ.
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
