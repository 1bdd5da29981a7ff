"""Why a schedule fails: the smallest one that does, what decides in it, and what all that fail alike have in common."""

from __future__ import annotations

from contextlib import closing

import attrs

from aprt.core.properties import Finding, Property, hanging
from aprt.core.schedule import Label
from aprt.core.system import System
from aprt.explore.critical import CriticalChoice, CriticalPair, Decisive
from aprt.explore.failing import Ground
from aprt.explore.failing_trace import FailingTrace, seen_by
from aprt.explore.minimal import Minimal
from aprt.explore.necessary import Ordering, necessary_choices, necessary_order
from aprt.explore.packing import INITIAL
from aprt.explore.prospects import Prospects
from aprt.verdict.shrink import shrink
from aprt.verdict.tokens import Recording

_PAIRS = 50_000  # of state and context, to look at for the smallest schedule: half a second
STATES = 100_000  # to look at for what decides: a few seconds


@attrs.frozen(eq=False)
class Cause:
    """minimal: the smallest schedule that fails alike; token: of that one, None where it is too long for one.

    pairs, choices: what decides in it. chosen, order: the choices that are made, and the orderings that hold, before
    each failure alike; one_step: whether the same operation fails in all of them. states: how many were looked at;
    complete: all there are. Where not, `chosen`, `order`, and what is not `proved` of the others, is what those did not
    refute.
    """

    minimal: Minimal
    token: str | None
    pairs: tuple[CriticalPair, ...]
    choices: tuple[CriticalChoice, ...]
    chosen: tuple[Label, ...]
    order: tuple[Ordering, ...]
    one_step: bool
    states: int
    complete: bool


def cause(recording: Recording, finding: Finding, states: int = STATES) -> Cause | None:
    """Why the schedule of a recording breaks a property, as `finding` of it says.

    None for what is not a matter of one execution that ends: a cycle in the lock order, something that stays as it is
    for ever, or a violation of the initial state.

    Raises: `ReplayMismatch` when the drivers differ.
    """
    property = next((p for p in recording.model.properties if p.id == finding.property), None)
    hangs = property is not None and hanging(property)
    if finding.parts or finding.loop or hangs or not finding.schedule.labels:
        return None
    shrunk = shrink(recording, (finding.property,), _PAIRS)
    return _cause(recording.model.system, shrunk.property, shrunk.minimal, shrunk.token, states)


def _cause(system: System, property: Property, minimal: Minimal, token: str | None, states: int) -> Cause:
    with closing(Ground(system, property)) as ground:
        trace = FailingTrace(ground, ground.play(minimal.schedule), seen_by(system, property, minimal.schedule))
        prospects = Prospects(ground, trace, states)
        decisive = Decisive(ground, trace, prospects)
        prospects.explore(INITIAL)
        return Cause(
            minimal,
            token,
            decisive.pairs(),
            decisive.choices(),
            necessary_choices(ground, trace, prospects),
            necessary_order(ground, trace, prospects),
            len(prospects.failures) == 1,
            len(prospects),
            prospects.complete,
        )
