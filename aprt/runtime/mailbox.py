"""Mailboxes: how the tasks of the live driver talk.

An unbounded queue with one reader, in order of arrival. `put` never blocks and is no checkpoint, so that several
puts in a row happen atomically for all other tasks. Built on trio's reschedule, because a memory channel costs
four times as much a message.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Messages for one task."""

    def __init__(self) -> None:
        self.queue: deque[T] = deque()
        self._reader: trio.lowlevel.Task | None = None

    def put_nowake(self, message: T) -> None:
        """Add a message that the reader may as well read later, with the next one: it is not woken for it."""
        self.queue.append(message)

    def put(self, message: T) -> None:
        """Add a message and wake the reader, if it waits."""
        self.queue.append(message)
        if self._reader is not None:
            reader, self._reader = self._reader, None
            trio.lowlevel.reschedule(reader)

    async def get(self) -> T:
        """The oldest message; waits while there is none. A checkpoint only if it waits."""
        while not self.queue:
            self._reader = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._cancelled)
        return self.queue.popleft()

    def _cancelled(self, _: object) -> trio.lowlevel.Abort:
        self._reader = None
        return trio.lowlevel.Abort.SUCCEEDED
