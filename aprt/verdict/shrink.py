"""Shrinking a schedule that fails, for a person to read. The smaller one is replayed on trio, as any finding is."""

from __future__ import annotations

import attrs

from aprt.core.errors import UserError
from aprt.core.events import Event
from aprt.core.properties import Finding, Property, endless
from aprt.explore.minimal import LIMIT, Minimal, minimal
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
    finding: Finding  # of the smaller schedule, as is all that follows
    events: tuple[Event, ...]  # as trio ran them
    token: str | None  # None where it is too long for one


def shrink(recording: Recording, ids: tuple[str, ...] = (), limit: int = LIMIT, budget: float | None = None) -> Shrunk:
    """Make the schedule of a recording as small as it gets (`explore.minimal`).

    ids: the properties to look at; none means those that it was recorded for, or else all. Of several that it breaks
    the last one counts, and the steps after that are left out from the start. limit, budget: as for `minimal`.

    Raises: `UserError` when it breaks none of them, `ReplayMismatch` when the drivers differ.
    """
    case, model = recording.case, recording.model
    found = _failure(recording, selected(case, model, ids or recording.asked or ("all",)))
    (property,) = model.select((found.property,))
    property = found.exactly(property)
    smaller = minimal(model.system, found.schedule, property, limit, budget)
    finding, execution = confirm(model.system, attrs.evolve(found, schedule=smaller.schedule), property)
    token = token_of(case, model.system, finding.schedule)
    return Shrunk(recording, property, smaller, finding, execution.events, token)


def _failure(recording: Recording, properties: tuple[Property, ...]) -> Finding:
    found = replay(recording.model.system, recording.schedule, properties).findings
    if not found:
        asked = ", ".join(p.id for p in properties)
        others = ", ".join(p.id for p in properties if not endless(p))
        hint = "" if others == asked else " (what goes on for ever is shown by no single execution)"
        raise UserError(f"{recording.named}: breaks none of {asked}: there is nothing to shrink{hint}")
    own = recording.case.scenario.properties
    return max(found, key=lambda finding: (len(finding.schedule), finding.property in own))
