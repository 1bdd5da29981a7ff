"""Checks as a search makes them: each remembers what it said of the fields that it looked at.

A check is a pure function of what it reads. So its verdict is remembered by the fields of the actors that it reads
and, if it looked at what contexts hold, by the fields for that: the packed state, masked, is the key. The memory of a
history is a field of the state, too, and the steps that concern the history move it on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import attrs

from aprt.core.caller import Caller
from aprt.core.errors import ModelError, UserError
from aprt.core.events import Event
from aprt.core.properties import Actors, Wrong, wrong
from aprt.core.system import View
from aprt.explore.learned.packing import Packing

if TYPE_CHECKING:
    from aprt.explore.checking.checks import Checks

_OVER = Wrong("")  # the memory of a history that has gone wrong, and says nothing more

Advance: TypeAlias = Callable[[Any, Event], "Hashable | Wrong"]
Evaluated: TypeAlias = "list[tuple[Judge | Recorder, int]]"
Violation: TypeAlias = tuple[str, str]  # number of the property, what is wrong


class Callers(Sequence[Caller]):
    """What the contexts hold, for one evaluation of a check. looked: whether the check asked."""

    def __init__(self, callers: tuple[Caller, ...]) -> None:
        self._callers, self.looked = callers, False

    @overload
    def __getitem__(self, index: int) -> Caller: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Caller]: ...
    def __getitem__(self, index: int | slice) -> Caller | Sequence[Caller]:
        self.looked = True
        return self._callers[index]

    def __len__(self) -> int:
        self.looked = True
        return len(self._callers)


class Judge:
    """One check, for the property `id`: what is wrong in a state, or None. Remembers its verdicts.

    A verdict is remembered by the values of the actors alone if the check did not look at what contexts hold: with the
    same values of the actors, it will not look at it in any other state either.
    """

    def __init__(
        self,
        id: str,
        reads: Actors,
        test: Callable[[View], str | None],
        packing: Packing,
        log: Evaluated,
        wrong: set[Violation],
    ) -> None:
        self.id, self.reads = id, tuple(actor.name for actor in reads)
        self._test, self._packing, self._log, self._wrong = test, packing, log, wrong
        self._slots = tuple(packing.actors[name] for name in self.reads)
        self._actors, self._all = packing.mask(self._slots), packing.mask((*self._slots, *packing.callers))
        self._looked: set[int] = set()  # values of the actors with which it looked at what contexts hold
        self._verdicts: dict[int, str | None] = {}

    @property
    def slots(self) -> tuple[int, ...]:
        """The fields that its verdicts have depended on so far."""
        return (*self._slots, *self._packing.callers) if self._looked else self._slots

    def __call__(self, state: int) -> str | None:
        key = state & self._actors
        if key in self._looked:
            key = state & self._all
        try:
            return self._verdicts[key]
        except KeyError:
            return self._evaluate(state)

    def _evaluate(self, state: int) -> str | None:
        states = dict(zip(self.reads, self._packing.values(state, self._slots), strict=True))
        callers = Callers(self._packing.values(state, self._packing.callers))
        with _blamed(self.id):
            said = self._test(View(states, callers))
        verdict = wrong(self.id, said)
        if callers.looked:
            self._looked.add(state & self._actors)
        self._verdicts[state & (self._all if callers.looked else self._actors)] = verdict
        self._log.append((self, state))
        if verdict is not None:
            self._wrong.add((self.id, verdict))
        return verdict


class Recorder:
    """One history and one step that concerns it: how the step moves its memory on, and what is wrong if it is.

    number: of the recorders of a search, in the order in which they were made.
    """

    def __init__(self, id: str, advance: Advance, slot: int, event: Event, checks: Checks) -> None:
        self.id, self.slots, self.number = id, (slot,), len(checks.recorders)
        self._moves, self._slot, self._event, self._packing = advance, slot, event, checks.packing
        self._log, self._remembered, self._wrong = checks.evaluated, checks.remembered, checks.wrong
        self._known: dict[int, tuple[int, str | None]] = {}

    def __call__(self, state: int) -> tuple[int, str | None]:
        """What to add to a successor of `state`, and what is wrong."""
        before = self._packing.field(state, self._slot)
        if before not in self._known:
            self._known[before] = self._advance(before)
            self._log.append((self, state))
            self._remembered.append((self.number, before))
        return self._known[before]

    def _advance(self, before: int) -> tuple[int, str | None]:
        memory = self._packing.value(self._slot, before)
        if memory is _OVER:
            return 0, None
        with _blamed(self.id):
            after = self._moves(memory, self._event)
        text = after.text if isinstance(after, Wrong) else None
        if text is not None:
            self._wrong.add((self.id, text))
        number = self._packing.intern(self._slot, after if text is None else _OVER)
        return self._packing.delta(self._slot, before, number), text


@attrs.frozen(eq=False)
class Watch:
    """What to look at when one particular step is taken."""

    noted: tuple[Violation, ...]
    before: tuple[Judge, ...]
    after: tuple[Judge, ...]
    histories: tuple[Recorder, ...]
    oops: bool

    def look(self, state: int, successor: int) -> tuple[int, list[Violation]]:
        """The successor with the memories moved on, and what the step violates."""
        found = list(self.noted)
        if self.before:
            found += violated(self.before, state)
        for history in self.histories:
            delta, text = history(state)
            successor += delta
            if text is not None:
                found.append((history.id, text))
        if self.after:
            found += violated(self.after, successor)
        return successor, found


def violated(judges: Sequence[Judge], state: int) -> list[Violation]:
    """What is wrong in a state."""
    return [(judge.id, text) for judge in judges if (text := judge(state)) is not None]


@contextmanager
def _blamed(id: str) -> Iterator[None]:
    """Whatever the code of a check raises becomes a `ModelError` that names its property, but for a `UserError`."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise ModelError(f"the check of {id} raised {error!r}") from error
