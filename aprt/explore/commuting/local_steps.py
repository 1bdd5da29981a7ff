"""The learned steps (`explore.learned.tables`) as a search of traces takes them: unpacked, with the kind of each.

What a context can do is asked by its control state and the value of the actor that decides. The answer is its steps:
none when it blocks, several for a choice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TypeAlias

import attrs

from aprt.core.step import Step
from aprt.core.system import System
from aprt.explore.checking.checks import Due
from aprt.explore.checking.judges import Judge, Watch
from aprt.explore.commuting.commutation import Commutation
from aprt.explore.commuting.independence import Queue, StepInfo, declares
from aprt.explore.commuting.kinds import Kinds
from aprt.explore.commuting.sleepers import Sleepers
from aprt.explore.commuting.visibility import Visibility
from aprt.explore.learned.tables import Move, Row, Tables

OPTION_BITS = 16


@attrs.define(eq=False)  # frozen takes twice as long to make
class LocalStep:
    """A step that a context can take.

    label: names it in any state: the place of its context, and which option of a choice it is. number: in the tables.
    sleeper: the set of it alone (`Sleepers`). lane: of its context. kind, own, others: as in `Kinds`.
    slot: the field that decides on it: that of the actor, or for a choice that of the context itself.
    value, next_value: the number in that field before and after the step. control, next_control: the control state of
    the context before and after it. delta: what it adds to a packed state.
    """

    label: int
    place: int
    lane: int
    number: int
    kind: int
    sleeper: int
    slot: int
    control: int
    next_control: int
    value: int
    next_value: int
    delta: int
    queue: Queue | None
    oops: bool
    plain: bool  # no oops, no choice, and nothing is declared of its actor's handlers
    watch: Watch | None
    judges: tuple[Judge, ...]
    checked: bool  # whether there is a watch or a judge
    options: Options  # all that its context can do in that control state
    own: Sequence[int]  # lanes of what it uses: see `Kinds`
    others: Sequence[int]


Options: TypeAlias = Row[LocalStep]
"""The steps of one control state, by the number in the deciding slot."""


class LocalSteps:
    """All that contexts can do. rows: per place of a context, by control state: the deciding slot and the options.

    fields: the number of contexts and actors; the slots of these come first, and only they decide on steps.
    lanes: of contexts, by place; behind them are those of `kinds`. loose: the slots of actors some of whose changes
    commute. seconds: spent on learning.
    Raises: `ModelError` as `Tables` does, and when handlers do not commute as they declare.
    """

    def __init__(self, system: System, tables: Tables[Due], visibility: Visibility) -> None:
        self.rows: tuple[list[tuple[int, Options]], ...] = tuple([] for _ in system.contexts)
        self.seconds = 0.0
        self._tables, self._visibility = tables, visibility
        self._commutation = Commutation(system)
        self._checked: set[tuple[int, int]] = set()
        self._actors = {actor.name: actor for actor in system.actors}
        self.fields = len(system.contexts) + len(system.actors)
        self.lanes = range(0, 2 * len(system.contexts), 2)
        self.kinds = Kinds(self.lanes.stop)
        self.sleepers = Sleepers(self.kinds, len(system.contexts))
        self._usual: dict[tuple[int, bool] | None, int] = {}  # kinds, by slot, and whether a step changes it
        self.loose = frozenset(tables.packing.actors[actor.name] for actor in system.actors if declares(actor))
        for place in range(len(system.contexts)):
            self._extend(place)

    def lanes_of(self, slot: int) -> Iterable[int]:
        """The lanes of the actor with that slot. Each step that uses it is in one of them."""
        return self.kinds.lanes(self._tables.packing.names[slot])

    def check_commute(self, one: LocalStep, other: LocalStep) -> None:
        """Try two steps that are taken to commute in the other order. Their actor saw `other` come next after `one`.

        Raises: `ModelError` if they do not commute.
        """
        if (one.number, other.number) not in self._checked:
            self._checked.add((one.number, other.number))
            before = self._tables.packing.value(one.slot, one.value)
            self._commutation.check(before, self._tables.steps[one.number], self._tables.steps[other.number])

    def check_commute_beside(self, one: LocalStep, other: LocalStep) -> None:
        """Try in both orders two steps on one actor, taken to commute, both of which are possible now.

        Raises: `ModelError` if they do not commute.
        """
        later = self.rows[other.place][other.control][1][one.next_value]
        if later:
            self.check_commute(one, later[0])
        else:
            self.check_commute(other, one)

    def _extend(self, place: int) -> None:
        """Add the control states that the tables have learned meanwhile."""
        rows, learned = self.rows[place], self._tables.rows[place]
        for control in range(len(rows), len(learned)):
            rows.append((learned[control][0], Row(partial(self._learn, place, control))))

    def _learn(self, place: int, control: int, number: int) -> tuple[LocalStep, ...]:
        begun = time.perf_counter()
        slot, row = self._tables.rows[place][control]
        moves = row[number]
        self._extend(place)
        steps = tuple([self._local(place, control, slot, number, i, move) for i, move in enumerate(moves)])
        self.seconds += time.perf_counter() - begun
        return steps

    def _local(self, place: int, control: int, slot: int, number: int, option: int, move: Move[Due]) -> LocalStep:
        delta, step, (watch, judges) = move
        done = self._tables.steps[step]
        oops = done.oops
        usual = not oops and slot not in self.loose
        kind, queue = self._kind(done, slot, usual)
        moved = dict(self._tables.changes[step])
        label = place << OPTION_BITS | option
        return LocalStep(
            label=label,
            place=place,
            lane=self.lanes[place],
            number=step,
            kind=kind,
            sleeper=self.sleepers.bit(label, kind, place),
            slot=slot,
            control=control,
            next_control=control + moved.get(place, 0),
            value=number,
            next_value=number + moved.get(slot, 0),
            delta=delta,
            queue=queue,
            oops=oops,
            plain=usual and slot != place,
            watch=watch,
            judges=judges,
            checked=watch is not None or bool(judges),
            options=self.rows[place][control][1],
            own=self.kinds.own[kind],
            others=self.kinds.others[kind],
        )

    def _kind(self, done: Step, slot: int, usual: bool) -> tuple[int, Queue | None]:
        """The kind of a step, and how it uses a queue. usual: it is no oops, and its actor's handlers declare nothing.

        The usual steps on an actor have two kinds, for those that change it and for those that do not.
        """
        event = done.event
        way = (slot, event.changed) if usual and not self._visibility.groups else None
        if way in self._usual:
            return self._usual[way], None
        info = StepInfo.of(event, None if event.actor is None else self._actors[event.actor])
        kind = self.kinds.number(self._visibility.extend(info, event.notes))
        if way is not None:
            self._usual[way] = kind
        return kind, info.queue
