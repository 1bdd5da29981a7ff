"""Local steps, learned once: what a context does next depends on its own control state and one actor's value.

For each context and control state there is a row: which slot of the global state decides (the actor it calls; its
own slot for a choice), and for each number in that slot the *moves* that are possible, none when the step blocks.
A row is filled by running the real handler and the real behaviour when a search first asks, so nothing of the model
exists twice. Ways that lead to equal control states (`explore.learned.control`) share a row.

A coroutine cannot be copied, so a control state remembers the answers that led to it: to take it further, fresh
coroutines are given them again. (Suspended ones are kept for the first step out of each state.) There are always two
of them, so that behaviour that is not deterministic shows (`explore.learned.twins`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from aprt.core import step
from aprt.core.caller import Caller
from aprt.core.effects import Call, Choose, Effect
from aprt.core.errors import ModelError
from aprt.core.notes import Oops
from aprt.core.schedule import Schedule
from aprt.core.step import Ask, Step
from aprt.core.system import System
from aprt.explore.learned.contents import Records
from aprt.explore.learned.control import Control, control_key
from aprt.explore.learned.packing import Packing, Unknown
from aprt.explore.learned.twins import Twins

M = TypeVar("M")
T = TypeVar("T")

Waiting: TypeAlias = tuple[tuple[str, str], ...]  # (context, operation it waits for)

Move: TypeAlias = tuple[int, int, T]
"""What to add to the state, the number of the step in `Tables.steps`, and what the search noted about it."""

Offer: TypeAlias = tuple[int, tuple[Move[T], ...]]
"""A context that can take a step, by its place in the system, and its moves: several for a choice."""


@attrs.frozen
class Learned:
    """The moves of a context in a control state, for a number in the deciding slot: the numbers of their steps."""

    place: int
    control: int
    number: int
    steps: tuple[int, ...]


class Row(dict[int, tuple[M, ...]]):
    """What a control state can do, by the number in the deciding slot; asks `learn` for what is not known yet."""

    def __init__(self, learn: Callable[[int], tuple[M, ...]]) -> None:
        self._learn = learn

    def __missing__(self, number: int) -> tuple[M, ...]:
        learned = self[number] = self._learn(number)
        return learned


class Tables(Generic[T]):
    """The local steps of a system.

    note: called once per step, with what the context asks for afterwards; its answer is kept in the moves. blocked:
    called for each call that a context has to wait with.

    Per context, by control state. rows: the deciding slot, and the row. held: the number of what the context holds.
    idle: whether an end state may have it, since the context is done or a daemon.
    By the number of a step, as moves name it. steps: what it did. changes: the slots that it changes, and by how much.

    learned: (context, control state, number in the deciding slot) of every set of moves, in the order learned.
    unmerged: places of behaviours (`file:line`) that keep control states apart.

    Raises: `ModelError` for whatever the model does wrong, at the first access that shows it, and `Unknown` when
    something is to be learned and the packing is not open. `close` it when done.
    """

    def __init__(
        self,
        system: System,
        packing: Packing,
        note: Callable[[Step, Ask | None], T],
        blocked: Callable[[Ask], None] | None = None,
    ) -> None:
        self.packing = packing
        self.steps: list[Step] = []
        self.changes: list[tuple[tuple[int, int], ...]] = []
        self.learned: list[tuple[int, int, int]] = []
        self.unmerged: set[str] = set()
        self.rows: tuple[list[tuple[int, Row[Move[T]]]], ...] = tuple([] for _ in system.contexts)
        self.held: tuple[list[int], ...] = tuple([] for _ in system.contexts)
        self.idle: tuple[list[bool], ...] = tuple([] for _ in system.contexts)
        self._hash, self._hashed = blake2b(digest_size=8), 0  # for `digest`: of the first so many steps
        self._system, self._note, self._blocked = system, note, blocked
        self._actors = {actor.name: actor for actor in system.actors}
        self._controls: tuple[list[Control], ...] = tuple([] for _ in system.contexts)
        self._records: Records = {}
        for name, value in system.initial().items():
            packing.intern(packing.actors[name], value)
        for place, context in enumerate(system.contexts):
            self._control(place, Twins.begin(context, self._actors), Caller(context.name), None)

    def close(self) -> None:
        """Drop the suspended coroutines, and what refers back here: so the rest needs no look for garbage."""
        for controls in self._controls:
            for control in controls:
                if control.twins is not None:
                    control.twins.drop()
                    control.twins = None
                control.after.clear()
        for rows in self.rows:
            rows.clear()

    def offers(self, state: int) -> tuple[Offer[T], ...]:
        """What a state offers, contexts in order."""
        numbers = self.packing.numbers(state)
        found: list[Offer[T]] = []
        for place, rows in enumerate(self.rows):
            slot, row = rows[numbers[place]]
            moves = row[numbers[slot]]
            if moves:
                found.append((place, moves))
        return tuple(found)

    @property
    def first(self) -> tuple[Ask, ...]:
        """What the contexts ask for before any step."""
        asks = (controls[0].ask for controls in self._controls)
        return tuple(ask for ask in asks if ask is not None)

    def control(self, place: int, number: int) -> Control:
        """A control state of a context."""
        return self._controls[place][number]

    def everything(self) -> Iterator[Learned]:
        """All that was learned, in that order."""
        for place, control, number in self.learned:
            _, row = self.rows[place][control]
            yield Learned(place, control, number, tuple(step for _, step, _ in row[number]))

    def effect(self, place: int, control: int) -> Effect[Any] | None:
        """What a context waits for in a control state; None when it is done."""
        return self._controls[place][control].effect

    def ask(self, place: int, control: int) -> Ask | None:
        """The call that a context waits for in a control state, if it is one."""
        return self._controls[place][control].ask

    def asks(self) -> Iterator[Ask]:
        """All that contexts ask for, in the control states that were learned."""
        asks = (control.ask for controls in self._controls for control in controls)
        return (ask for ask in asks if ask is not None)

    def moves(self, state: int) -> list[Move[T]]:
        """All moves out of a state, contexts in order."""
        return [move for _, moves in self.offers(state) for move in moves]

    def waiting(self, state: int) -> Waiting:
        """The contexts that are not done in a state, daemons left out, each with its pending operation."""
        numbers, found = self.packing.numbers(state), []
        for place, context in enumerate(self._system.contexts):
            if not self.idle[place][numbers[place]]:
                found.append((context.name, str(self.effect(place, numbers[place]))))
        return tuple(found)

    def schedule(self, steps: Iterable[int]) -> Schedule:
        """The schedule that takes the steps with these numbers."""
        labels = (self.steps[number].event.label for number in steps)
        return Schedule.of((label.context, label.op) for label in labels)

    def digest(self) -> str:
        """Of all that was learned, in order: the same where the model and what was asked of it are the same."""
        for number in range(self._hashed, len(self.steps)):
            done = self.steps[number]
            self._hash.update(f"{done.event.label} {done.oops} {self.changes[number]}\n".encode())
        self._hashed = len(self.steps)
        whole = self._hash.copy()
        whole.update(f"{self.packing.counts()}".encode())
        return whole.hexdigest()

    def _learn(self, place: int, control: Control, number: int) -> tuple[Move[T], ...]:
        """The moves of a control state when the deciding slot holds `number`."""
        if not self.packing.open:
            raise Unknown
        self.learned.append((place, control.number, number))
        moves = tuple([self._move(place, control, number, done) for done in self._steps(control, number)])
        if not moves and self._blocked is not None and (ask := control.ask) is not None:
            self._blocked(ask)
        return moves

    def _steps(self, control: Control, number: int) -> Sequence[Step]:
        effect, by = control.effect, control.caller
        if isinstance(effect, Call):
            actor = self._actors[effect.actor.name]
            value = self.packing.value(self.packing.actors[actor.name], number)
            done = step.perform(actor, value, effect, by)
            again = step.perform(actor, value, effect, by)
            if done is None and again is None:
                return ()
            if done is None or again is None or done != again or (done[0] is value) != (again[0] is value):
                raise ModelError(f"the handler of {effect} is not deterministic in state {value!r}")
            return (step.called(actor, value, effect, by, control.chain, done),)
        if isinstance(effect, Choose):
            if len({str(option) for option in effect.options}) < len(effect.options):
                raise ModelError(f"{by.context}: options of {effect} print alike: {effect.options}")
            return [step.choice(effect, option, by, control.chain) for option in effect.options]
        return ()

    def _move(self, place: int, control: Control, number: int, done: Step) -> Move[T]:
        packing, event = self.packing, done.event
        after = self._stop(place, control, done) if done.oops else self._follow(place, control, done)
        held = self.held[place]
        changes = [(place, after.number - control.number)]
        changes.append((packing.callers[place], held[after.number] - held[control.number]))
        if event.changed and event.actor is not None:
            slot = packing.actors[event.actor]
            changes.append((slot, packing.intern(slot, event.state) - number))
        self.changes.append(tuple([each for each in changes if each[1]]))
        self.steps.append(done)
        delta = sum([packing.delta(slot, 0, change) for slot, change in changes])
        return delta, len(self.steps) - 1, self._note(done, after.ask)

    def _stop(self, place: int, control: Control, done: Step) -> Control:
        oops = tuple(note for note in done.event.notes if isinstance(note, Oops))
        return self._enter(place, ("oops", oops), None, done.caller, (control, done.event.reply))

    def _follow(self, place: int, control: Control, done: Step) -> Control:
        """The control state that the answer leads to."""
        answer = done.event.reply
        key = (type(answer), answer, done.caller)  # True == 1, but they act differently
        try:
            known = control.after.get(key)
        except TypeError as error:
            raise ModelError(f"{done.event.label.op} replies {answer!r}, which is not hashable") from error
        if known is not None:
            return known
        twins = control.twins or Twins.again(self._system.contexts[place], self._actors, control.trail())
        control.twins = None
        twins.resume(answer, f"after {done.event.label.op}")
        control.after[key] = after = self._control(place, twins, done.caller, (control, answer))
        return after

    def _control(self, place: int, twins: Twins, caller: Caller, origin: tuple[Control, Any] | None) -> Control:
        """The control state that these have reached."""
        key: tuple[Hashable, ...] = ("done",)
        if twins.effect is not None:
            content, places = control_key(twins.behaviour, self._records)
            self.unmerged.update(places)
            # what cannot be compared is the same only if it came about in the same way
            way = origin and (origin[0].number, type(origin[1]), origin[1])
            key = ("way", way) if places else ("content", content)
        return self._enter(place, key, twins, caller, origin)

    def _enter(
        self,
        place: int,
        key: tuple[Hashable, ...],
        twins: Twins | None,
        caller: Caller,
        origin: tuple[Control, Any] | None,
    ) -> Control:
        controls = self._controls[place]
        number = self.packing.intern(place, (key, caller))
        if number == len(controls):
            effect, chain = (None, ()) if twins is None else (twins.effect, twins.chain)
            control = Control(number, effect, caller, chain, origin, twins)
            controls.append(control)
            self.held[place].append(self.packing.intern(self.packing.callers[place], caller))
            self.idle[place].append(effect is None or self._system.contexts[place].daemon)
            slot = self.packing.actors[effect.actor.name] if isinstance(effect, Call) else place
            self.rows[place].append((slot, Row(partial(self._learn, place, control))))
        elif twins is not None:
            twins.drop()
        return controls[number]
