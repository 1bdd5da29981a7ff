"""Properties in a search: what each step has to be checked for is worked out once, when the step is learned.

A check of every state is looked at only after steps that changed something it reads. What a check says is remembered
(`explore.checking.judges`). `core.monitor` says the same of one execution, without tables; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, TypeAlias, TypeVar

from aprt.core.errors import ModelError
from aprt.core.events import Event
from aprt.core.lock_order import Demand, Edge, LockGraph, is_closed, title
from aprt.core.notes import Oops
from aprt.core.properties import (
    Actors,
    After,
    Always,
    AtEnd,
    Before,
    Check,
    Eventually,
    History,
    LockOrder,
    NoDeadlock,
    NoEdges,
    NoHang,
    NoLivelock,
    Noted,
    Property,
    Wrong,
    looked_at,
    ordering,
)
from aprt.core.step import Ask, Step
from aprt.core.system import System, View
from aprt.explore.checking.judges import Advance, Evaluated, Judge, Recorder, Violation, Watch, violated
from aprt.explore.learned.packing import INITIAL, Packing
from aprt.explore.learned.tables import Move, Waiting

C = TypeVar("C", bound=Check)

Due: TypeAlias = tuple[Watch | None, tuple[Judge, ...]]
"""What to look at when a step is taken, and in the state it leads to when that is new."""
QUIET: Final[Due] = (None, ())  # nothing to look at


class Checks:
    """The checks of some properties, over the states of one search. packing: has a field for each history.

    Raises: `ModelError` when a property declares an actor that the system does not have.

    The checks by kind. always: of every state. ends: of end states. histories: each with its property and the slot of
    its memory. livelocks: each with its property. eventually: of what must not stay so for ever. terminal: whether
    states without steps are checked. liveness: whether hangs are. judging: whether there are checks of steps or of
    every state, which may look at what contexts hold.

    What they said. wrong: all that was said to be wrong so far. evaluated: which check was evaluated in which state, in
    order, without what was only remembered. recorders: by number. remembered: pairs of a recorder and the number of the
    memory that it met, in order; with `Tables.learned` they determine which memory has which number.
    unasked: numbers of properties that are not among those checked, but at whose violation executions ended, so that
    nobody saw what would come next. None are noted where nothing is checked.

    order: the lock order of all steps that were learned; None when no property is about it. closing: whether the step
    that closes the first cycle in it counts as a violation, so that a search can end there.
    """

    def __init__(self, properties: Sequence[Property], system: System, *, closing: bool = True) -> None:
        self.evaluated: Evaluated = []
        self.recorders: list[Recorder] = []
        self.remembered: list[tuple[int, int]] = []
        self.wrong: set[Violation] = set()
        self.unasked: set[str] = set()
        checks = [(p.id, check) for p in properties for check in p.checks]
        self._asking, self._closing = bool(checks), closing
        histories, cycles = _of(History, checks), _of(NoEdges, checks)
        self.packing = Packing(system, len(histories) + len(cycles))
        _known(checks, self.packing)
        memories = [*(history.initial for _, history in histories), *(frozenset[Edge]() for _ in cycles)]
        for slot, memory in zip(self.packing.memories, memories, strict=True):
            self.packing.intern(slot, memory)
        slots = iter(self.packing.memories)
        self.histories = [(id, history, next(slots)) for id, history in histories]
        self._cycles = [(id, cycle, next(slots)) for id, cycle in cycles]
        self._noted = [id for id, _ in _of(Noted, checks)]
        self._steps: dict[tuple[type[Check], str | None, str], list[tuple[str, Before | After]]] = {}
        for id, check in checks:
            if isinstance(check, Before | After):
                self._steps.setdefault((type(check), check.actor.name, check.op), []).append((id, check))
        self.always = [self._judge(id, check.reads, check.test) for id, check in _of(Always, checks)]
        self.ends = [self._judge(id, check.reads, check.test) for id, check in _of(AtEnd, checks)]
        self._deadlocks, self._hangs = _of(NoDeadlock, checks), _of(NoHang, checks)
        self.livelocks = _of(NoLivelock, checks)
        self.eventually = [
            Judge(id, check.reads, check.test, self.packing, self.evaluated, wrong=set())  # it may be so for a while
            for id, check in _of(Eventually, checks)
        ]
        self._ordered = [id for id, _ in _of(LockOrder, checks)]
        self.order = LockGraph() if any(map(ordering, properties)) else None
        self.liveness = bool(self._hangs)
        self.terminal = bool(self.ends or self._deadlocks or self.eventually)
        self.judging = bool(self._steps or self.always)

    def due(self, step: Step, ask: Ask | None) -> Due:
        """What to look at when this step is taken, and in the state it leads to when that is new.

        ask: what its context asks for afterwards.
        """
        event = step.event
        demands: list[Demand] = []
        if self.order is not None:
            self.order.took(event)
            demands = self._demands(event, ask)
        touched = self._touched(step) if self.always else ()
        broken = event.broken if event.notes else ()
        if not (broken or demands or self._steps or self.histories):  # most steps of most systems
            return (None, touched) if touched else QUIET
        oopses = {note.property for note in broken if isinstance(note, Oops)}
        if self._asking and oopses.isdisjoint(self._noted):
            self.unasked |= oopses
        watch = Watch(
            noted=(
                *self.said((note.property, note.text) for note in broken if note.property in self._noted),
                *self.said(self._closed(demands)),
            ),
            before=self._about(Before, event),
            after=self._about(After, event),
            histories=tuple(
                self._recorder(id, advance, slot, event) for id, advance, slot in self._moved(event, demands)
            ),
            oops=bool(oopses),
        )
        quiet = not (watch.noted or watch.before or watch.after or watch.histories or watch.oops)
        return None if quiet else watch, touched

    def _touched(self, step: Step) -> tuple[Judge, ...]:
        """The checks of every state that the step may make a difference to."""
        event = step.event
        if step.caller != event.caller:
            return tuple(self.always)
        return tuple(judge for judge in self.always if event.changed and event.actor in judge.reads)

    def blocked(self, ask: Ask) -> None:
        """A context cannot have what it asks for."""
        if self.order is not None:
            self.order.waited(ask)

    def start(self, first: Iterable[Ask]) -> list[Violation]:
        """What is wrong in the initial state. first: what the contexts ask for in it."""
        if self.order is not None:
            for ask in first:
                self._closed(self._demands(None, ask))  # closes no cycle, as nothing is held yet
        return violated(self.always, INITIAL)

    def end(self, state: int) -> list[Violation]:
        """What is wrong in an end state."""
        return violated(self.ends, state) + self.said(violated(self.eventually, state))

    def deadlock(self, state: int, waiting: Waiting) -> list[Violation]:
        """What is wrong with a deadlock. waiting: who waits in it."""
        stuck = self.said((id, check.text(waiting)) for id, check in self._deadlocks)
        return stuck + self.said(violated(self.eventually, state))

    def hang(self, waiting: Waiting) -> list[Violation]:
        """What is wrong with a hang. waiting: who is not done in it."""
        return self.said((id, check.text(waiting)) for id, check in self._hangs)

    def livelock(self, contexts: Sequence[str]) -> list[Violation]:
        """What is wrong with a livelock. contexts: those that go round in it."""
        return self.said((id, check.text(contexts)) for id, check in self.livelocks)

    def _demands(self, event: Event | None, ask: Ask | None) -> list[Demand]:
        """The locks that a step asks for by itself, and the one that its context asks for afterwards."""
        by_step = () if event is None else Demand.by_step(event)
        asked = None if ask is None else Demand.of(ask)
        return [*by_step, *(() if asked is None else (asked,))]

    def _closed(self, demands: Sequence[Demand]) -> list[Violation]:
        """The first cycle in the lock order, when these close it. Others are told when the search is over."""
        closed = [self.order is not None and self.order.closes(demand) for demand in demands]
        if self.order is None or not self._closing or not any(closed):
            return []
        self._closing = False
        cycle = self.order.cycle()
        return [] if cycle is None else [(id, title(cycle)) for id in self._ordered]

    def _moved(self, event: Event, demands: Sequence[Demand]) -> Iterator[tuple[str, Advance, int]]:
        """For each memory that a step moves on: its property, what moves it on, and its slot."""
        for id, history, slot in self.histories:
            if event.actor in {actor.name for actor in history.concerns}:
                yield id, history.advance, slot
        words = {edge: demand.words(edge) for demand in demands for edge in demand.edges}
        for id, cycle, slot in self._cycles:
            made = frozenset(words).intersection(cycle.edges)
            if made:
                text = title(cycle.edges) if is_closed(cycle.edges) else words.get(cycle.edges[-1], "")
                yield id, partial(_made, made, cycle, text), slot

    def said(self, violations: Iterable[Violation]) -> list[Violation]:
        """These violations, kept in `wrong`."""
        found = list(violations)
        self.wrong.update(found)
        return found

    def _about(self, kind: type[Before | After], event: Event) -> tuple[Judge, ...]:
        checks = self._steps.get((kind, event.actor, event.op), ())
        return tuple(self._judge(id, check.reads, partial(_with, check.test, event)) for id, check in checks)

    def _recorder(self, id: str, advance: Advance, slot: int, event: Event) -> Recorder:
        recorder = Recorder(id, advance, slot, event, self)
        self.recorders.append(recorder)
        return recorder

    def _judge(self, id: str, reads: Actors, test: Callable[[View], str | None]) -> Judge:
        return Judge(id, reads, test, self.packing, self.evaluated, self.wrong)


def after(state: int, move: Move[Due]) -> tuple[int, list[Violation]]:
    """Where a step leads, with the memories of histories moved on, and what the step itself violates."""
    delta, _, (watch, _) = move
    return (state + delta, []) if watch is None else watch.look(state, state + delta)


def judged(state: int, move: Move[Due]) -> tuple[int, list[Violation]]:
    """As `after`, with what is wrong in the state that the step leads to, too."""
    successor, violations = after(state, move)
    return successor, violations + violated(move[2][1], successor)


def _with(test: Callable[[View, Event], str | None], event: Event, view: View) -> str | None:
    return test(view, event)


def _made(new: frozenset[Edge], cycle: NoEdges, text: str, memory: frozenset[Edge], event: Event) -> Hashable | Wrong:
    """The edges of a cycle that an execution has made, with the new ones; or, if they are all, what is wrong."""
    made = memory | new
    return Wrong(text) if made.issuperset(cycle.edges) else made


def _of(kind: type[C], checks: Sequence[tuple[str, Check]]) -> list[tuple[str, C]]:
    """The checks of that kind, each with its property."""
    return [(id, check) for id, check in checks if isinstance(check, kind)]


def _known(checks: Sequence[tuple[str, Check]], packing: Packing) -> None:
    for id, check in checks:
        for actor in looked_at(check):
            if actor.name not in packing.actors:
                raise ModelError(f"property {id} looks at {actor.name}, which is no actor of the system")
