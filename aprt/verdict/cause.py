"""Why a schedule fails: the smallest one that does, what decides in it, and what all that fail alike have in common."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import attrs

from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.properties import Property, hanging
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System
from aprt.explore.commuting.visibility import Visibility
from aprt.explore.failures.critical import CriticalChoice, CriticalPair, Decisive
from aprt.explore.failures.endless import Endless, endless
from aprt.explore.failures.explored_graph import ExploredGraph
from aprt.explore.failures.failing import Playground, Price
from aprt.explore.failures.failing_trace import FailingTrace, seen_by
from aprt.explore.failures.fewest import fewest_preemptions
from aprt.explore.failures.minimal import Minimal
from aprt.explore.failures.necessary import Ordering, necessary_choices, necessary_order
from aprt.explore.failures.prospects import Prospects
from aprt.explore.failures.trap import trap_of
from aprt.explore.learned.packing import INITIAL
from aprt.verdict.case import Case
from aprt.verdict.search import QUICK
from aprt.verdict.shrink import shrink_recording
from aprt.verdict.tokens import Recording, token_of
from aprt.verdict.unlocked import unlocked

STATES = 100_000  # to look at for what decides: a few seconds


@attrs.frozen(eq=False)
class Cause:
    """Why a schedule fails, and with it all those that fail alike (`explore.failures.failing`).

    Two kinds of findings are not shown by their last step, so that failing means something else:

    - What goes on for ever (`endless`) fails by coming to a state from which it can go on for ever. `minimal` is then
      the schedule at hand, of which the last steps may repeat.
    - Data touched without its lock (`race`) fails by coming to a state in which either of the two accesses can be next.
      They are the last two steps of `minimal`, whose price is that of the way to them.
    """

    minimal: Minimal  # the smallest schedule that fails alike
    token: str | None  # of `minimal`; None where it is too long for one
    # what decides in `minimal`: with the two steps turned round, or another choice, nothing fails alike
    pairs: tuple[CriticalPair, ...]
    choices: tuple[CriticalChoice, ...]
    # what every execution that fails alike has in common before it does
    chosen: tuple[Label, ...]
    order: tuple[Ordering, ...]
    one_step: bool  # whether it is one operation that fails in all of them
    inevitable: bool  # whether every execution violates the property
    states: int  # how many states were looked at
    complete: bool  # whether these are all; else `chosen`, `order` and what is not `proved` are merely not refuted
    endless: Endless | None = None  # what keeps it going
    race: tuple[Label, Label] | None = None  # the two accesses


def cause(recording: Recording, finding: Finding, states: int = STATES) -> Cause | None:
    """Why the schedule of a recording breaks a property, as `finding` of it says.

    finding: for what goes on for ever it must come from a search breadth first. None is returned for a cycle in the
    lock order and for a violation of the initial state, which no order of steps explains, and for what goes on for ever
    where there are more states than `states`.

    Raises: `ReplayMismatch` when the drivers differ.
    """
    if finding.parts or not finding.schedule.labels:
        return None
    model = recording.model
    property = next((p for p in model.properties if p.id == finding.property), None)
    if property is not None and (finding.loop or hanging(property)):
        return _endless(recording, property, finding, states)
    shrunk = shrink_recording(recording, (finding.property,), QUICK)
    with closing(Playground(model.system, shrunk.property)) as ground:
        visibility = seen_by(model.system, shrunk.property, shrunk.minimal.schedule)
        return _cause(ground, visibility, shrunk.minimal, shrunk.token, states)


def race_cause(case: Case, system: System, first: Event, second: Event, states: int = STATES) -> Cause | None:
    """Why two contexts come to a state in which either can access the same data next, one of them without the lock.

    first, second: the two accesses, as an execution of `system` has them, which is the system of `case`. None where the
    smallest schedule alone takes more than about `states` states to find.
    """
    race = first.label, second.label
    with closing(Playground(system, Property("", "", ()))) as ground:
        ground.trap = _side_by_side(ground, race)
        inevitable = ground.trap(INITIAL)
        best = ground.play(()) if inevitable else fewest_preemptions(ground, "trap", states)
        if best is None:
            return None
        price = Price.of(best.price)
        schedule = Schedule.of((label.context, label.op) for label in (*ground.schedule(best.steps), *race))
        minimal, token = Minimal(schedule, "trap", "optimal", price, price), token_of(case, system, schedule)
        if inevitable:
            return Cause(minimal, token, (), (), (), (), True, True, 1, True, race=race)
        return attrs.evolve(_cause(ground, Visibility(), minimal, token, states), race=race)


def _side_by_side(ground: Playground, race: tuple[Label, Label]) -> Callable[[int], bool]:
    """A predicate: whether either of two accesses can be next in a state, one of them without its lock."""
    sides = {(label.context, label.op) for label in race}

    def trap(state: int) -> bool:
        events = [ground.tables.steps[number].event for _, moves in ground.enabled(state) for _, number, _ in moves]
        here = [event for event in events if (event.context, event.label.op) in sides]
        return len(here) == len(sides) and any(map(unlocked, here))

    return trap


def _endless(recording: Recording, property: Property, finding: Finding, states: int) -> Cause | None:
    system, labels = recording.model.system, finding.schedule.labels
    with closing(Playground(system, property)) as ground:
        graph = ExploredGraph(ground, states)
        if not graph.explore(INITIAL):
            return None
        trap = trap_of(graph, finding)
        price = Price.of(ground.play(labels[: len(labels) - finding.loop]).price)
        minimal = Minimal(finding.schedule, "trap", "shortest", price, price)
        token, told = token_of(recording.case, system, finding.schedule), endless(trap, finding.loop)
        ground.trap = frozenset(map(graph.state, trap.states)).__contains__
        if ground.trap(INITIAL):
            return Cause(minimal, token, (), (), (), (), True, True, len(graph), True, told)
        return attrs.evolve(_cause(ground, Visibility(), minimal, token, states), endless=told)


def _cause(ground: Playground, visibility: Visibility, minimal: Minimal, token: str | None, states: int) -> Cause:
    trace = FailingTrace(ground, ground.play(minimal.schedule), visibility)
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
        prospects.complete and not prospects.escapes,
        len(prospects),
        prospects.complete,
    )
