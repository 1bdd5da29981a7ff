"""Shrinking a schedule that fails, for a person to read. The smaller one is replayed on trio, as any finding is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

import attrs

from aprt.core.arguments import check_kind
from aprt.core.errors import UserError
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.core.properties import Property, endless, listed
from aprt.core.system import System
from aprt.explore.failures.minimal import LIMIT, Minimal, minimal
from aprt.explore.replay import replay
from aprt.verdict.confirm import confirm
from aprt.verdict.tokens import Recording, token_of
from aprt.verdict.verdict import selected


@attrs.frozen(eq=False)
class Shrunk:
    """A recording, and the smaller schedule that fails alike."""

    recording: Recording
    property: Property
    minimal: Minimal
    finding: Finding  # with the smaller schedule
    events: tuple[Event, ...]  # of that schedule, as trio ran it
    token: str | None  # of that schedule; None where it is too long for one


def shrink(
    system: System,
    finding: Finding,
    properties: Property | Iterable[Property],
    *,
    limit: int = LIMIT,
    budget: float | None = None,
) -> Finding:
    """A finding with the smallest schedule that fails alike: the fewest preemptions, then the fewest steps.

    properties: the one that it violates, maybe among others. limit, budget: as for `minimal`; where `limit` is not
    enough, no single cut or move makes the schedule better, and at the end of `budget` it is the best so far.

    Raises: `UserError` for a finding of another property, and one that no schedule of its own shows: of what goes on
    for ever, or a cycle in the lock order in several parts (shrink each of `finding.each()`).
    """
    check_kind("system", system, System, "a System")
    check_kind("finding", finding, Finding, "a Finding, such as explore(system, properties).findings[0]")
    property = next((p for p in listed(properties) if p.id == finding.property), None)
    if property is None:
        raise UserError(f"the finding is one of {finding.property!r}, which is not among the properties")
    if finding.loop or endless(property):
        raise UserError(f"the finding of {finding.property!r} goes on for ever; there is no smaller schedule of that")
    if not finding.is_whole():
        raise UserError(f"no schedule shows all of the finding of {finding.property!r}; shrink each of finding.each()")
    return _smaller(system, finding, finding.exactly(property), limit, budget)[1]


def shrink_recording(
    recording: Recording,
    ids: tuple[str, ...] = (),
    limit: int = LIMIT,
    budget: float | None = None,
    interruptible: AbstractContextManager[object] | None = None,
) -> Shrunk:
    """Make the schedule of a recording as small as it gets (`explore.failures.minimal`).

    ids: the properties to look at; none means those that it was recorded for, or else all. Of several that it breaks
    the last one counts, and the steps after that are left out from the start. limit, budget, interruptible: as for
    `minimal`.

    Raises: `UserError` when it breaks none of them, `ReplayMismatch` when the drivers differ.
    """
    case, model = recording.case, recording.model
    found = _failure(recording, selected(case, model, ids or recording.asked or ("all",)))
    (property,) = model.select((found.property,))
    property = found.exactly(property)
    smaller, finding, execution = _smaller(model.system, found, property, limit, budget, interruptible)
    token = token_of(case, model.system, finding.schedule)
    return Shrunk(recording, property, smaller, finding, execution.events, token)


def _smaller(
    system: System,
    finding: Finding,
    property: Property,
    limit: int,
    budget: float | None,
    interruptible: AbstractContextManager[object] | None = None,
) -> tuple[Minimal, Finding, Execution]:
    smaller = minimal(system, finding.schedule, property, limit, budget, interruptible=interruptible)
    return smaller, *confirm(system, attrs.evolve(finding, schedule=smaller.schedule), property)


def _failure(recording: Recording, properties: tuple[Property, ...]) -> Finding:
    found = replay(recording.model.system, recording.schedule, properties).findings
    if not found:
        asked = ", ".join(p.id for p in properties)
        others = ", ".join(p.id for p in properties if not endless(p))
        hint = "" if others == asked else " (what goes on for ever is shown by no single execution)"
        raise UserError(f"{recording.named}: breaks none of {asked}: there is nothing to shrink{hint}")
    own = recording.case.scenario.properties
    return max(found, key=lambda finding: (len(finding.schedule), finding.property in own))
