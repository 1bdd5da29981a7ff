"""The messages in the queues of a system, each with what is known of it: who sent it, or what its sender had done.

Which messages came and went in a step is found by comparing what lay in the queue before and after it, whichever
handler ran: one may take the second message, or put one in front. Of equal messages the first to come is the first to
go.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

import attrs

T = TypeVar("T")


@attrs.frozen
class Queue:
    """An actor that is a queue: the field that its messages are in, and how many there may be; None is no bound."""

    field: str
    room: int | None

    def messages(self, state: Any) -> Sequence[Hashable]:
        """What lies in it, the first one first."""
        messages: Sequence[Hashable] = getattr(state, self.field)
        return messages


class Known(Generic[T]):
    """The messages in a queue, each with what is known of it: `nothing` of those that lie there from the start."""

    def __init__(self, messages: Sequence[Hashable], nothing: T) -> None:
        self._known: dict[Hashable, deque[T]] = {}
        for message in messages:
            self.add(message, nothing)

    def change(self, messages: Sequence[Hashable]) -> tuple[list[T], list[Hashable]]:
        """These lie there now. Returns what was known of those that went, and those that came: `add` each."""
        there = Counter(messages)
        gone = [known.popleft() for message, known in self._known.items() for _ in range(len(known) - there[message])]
        came = [m for m, count in there.items() for _ in range(count - len(self._known.get(m, ())))]
        self._known = {message: known for message, known in self._known.items() if known}
        return gone, came

    def add(self, message: Hashable, known: T) -> None:
        """A message that came, with what is known of it."""
        self._known.setdefault(message, deque()).append(known)

    def of(self, messages: Sequence[Hashable]) -> tuple[T, ...]:
        """What is known of each; these are all that lie there, in order."""
        known = {message: iter(each) for message, each in self._known.items()}
        return tuple(next(known[message]) for message in messages)
