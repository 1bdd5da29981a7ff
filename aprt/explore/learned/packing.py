"""A global state as one integer: every local state is interned to a number, which has a fixed field of its own.

The fields (*slots*) are, in this order: the control state of each context, the value of each actor, what each
context holds, and the memory of each history that is being checked. What a context holds is part of its control
state already; the field of its own lets a check that looks at it be memoised by masking the state.

Since a step changes few fields, its successor is `state + delta`. A state is read by unpacking all its fields at
once, which one call of `struct` does faster than Python can shift and mask even a few of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from struct import Struct
from typing import Any

from aprt.core.errors import ModelError
from aprt.core.system import System

INITIAL = 0  # the initial state of every system: first values have number 0
FIELD_BITS = 32  # a field cannot overflow: so many local states would not fit into memory
_ONES = (1 << FIELD_BITS) - 1


class Unknown(Exception):
    """Something is new, and the packing is not open: another process is to number it."""


class Packing:
    """The fields of the states of `system`, and the values that their numbers stand for.

    open: whether new values get numbers here; else `Unknown` is raised, as where processes that share a search must
    agree on the numbers. names: of the fields, by slot.
    """

    def __init__(self, system: System, memories: int) -> None:
        self.open = True
        contexts = [context.name for context in system.contexts]
        actors = [actor.name for actor in system.actors]
        n, m = len(contexts), len(actors)
        self.controls = tuple(range(n))
        self.actors = {name: n + i for i, name in enumerate(actors)}
        self.callers = tuple(range(n + m, n + m + n))
        self.memories = tuple(range(n + m + n, n + m + n + memories))
        self.names = [*contexts, *actors, *contexts, *(f"history {i}" for i in range(memories))]
        self._numbers: list[dict[Hashable, int]] = [{} for _ in self.names]
        self._values: list[list[Any]] = [[] for _ in self.names]
        self.size = len(self.names) * FIELD_BITS // 8
        self._fields = Struct(f"<{len(self.names)}I")
        self.unpack = self._fields.unpack  # of state.to_bytes(size, "little")

    def intern(self, slot: int, value: Hashable) -> int:
        """The number of `value`; the next free one when it is new. Raises: `ModelError` if it is not hashable."""
        numbers = self._numbers[slot]
        try:
            if not self.open and value not in numbers:
                raise Unknown
            number = numbers.setdefault(value, len(numbers))
        except TypeError as error:
            raise ModelError(f"{self.names[slot]} has a state that is not hashable ({error}): {value!r}") from error
        if number == len(self._values[slot]):
            self._values[slot].append(value)
        return number

    def value(self, slot: int, number: int) -> Any:
        """The value of that number."""
        return self._values[slot][number]

    def numbers(self, state: int) -> tuple[int, ...]:
        """All fields of a state, by slot."""
        return self._fields.unpack(state.to_bytes(self.size, "little"))

    def counts(self) -> list[int]:
        """How many values each slot has had so far."""
        return list(map(len, self._values))

    def pack(self, numbers: Sequence[int]) -> int:
        """The state with these numbers by slot."""
        return int.from_bytes(self._fields.pack(*numbers), "little")

    def delta(self, slot: int, before: int, after: int) -> int:
        """What to add to a state to change one field."""
        return (after - before) << (slot * FIELD_BITS)

    def change(self, slot: int, delta: int) -> int:
        """By how much a `delta` that changes no other field changes this one."""
        return delta >> (slot * FIELD_BITS)

    def field(self, state: int, slot: int) -> int:
        """One field of a state."""
        return state >> (slot * FIELD_BITS) & _ONES

    def mask(self, slots: Iterable[int]) -> int:
        """What to `&` a state with to keep only these fields."""
        return sum(_ONES << (slot * FIELD_BITS) for slot in set(slots))

    def values(self, state: int, slots: Iterable[int]) -> tuple[Any, ...]:
        """The values of some fields of a state."""
        numbers = self.numbers(state)
        return tuple(self._values[slot][numbers[slot]] for slot in slots)
