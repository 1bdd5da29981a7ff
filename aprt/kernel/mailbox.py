"""Mailbox: messages from any context to any context, first in, first out.

Nothing in the kernel is called that: it is the channel of exercises, and of user space (a socket, a pipe). Its
content is part of the state: without a capacity, a system in which senders outrun receivers is unbounded.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller

T = TypeVar("T", bound=Hashable)


@attrs.frozen
class MailboxState(Generic[T]):
    """messages: the oldest first."""

    messages: tuple[T, ...] = ()


@attrs.frozen(eq=False)
class Mailbox(Actor[MailboxState[T]]):
    """Starts out empty. capacity: how many messages it holds; None is no bound."""

    atomic = ("*",)

    capacity: int | None = None

    def initial(self) -> MailboxState[T]:
        return MailboxState()

    @handler(reads="messages", writes="messages", puts="messages", room="capacity", sleeps=True)
    def send(self, state: MailboxState[T], by: Caller, message: T) -> Outcome[MailboxState[T], None]:
        """Blocks while full. Finding, with a capacity: sleeping under a spinlock."""
        if self.capacity is not None and len(state.messages) >= self.capacity:
            return BLOCK
        return MailboxState((*state.messages, message)), None

    @handler(reads="messages", writes="messages", takes="messages", sleeps=True)
    def receive(self, state: MailboxState[T], by: Caller) -> Outcome[MailboxState[T], T]:
        """Blocks while empty; replies the oldest message. Finding: sleeping under a spinlock."""
        if not state.messages:
            return BLOCK
        return MailboxState(state.messages[1:]), state.messages[0]

    @handler(reads="messages", writes="messages")
    def receive_nowait(self, state: MailboxState[T], by: Caller) -> Outcome[MailboxState[T], T | None]:
        """Never blocks; replies the oldest message, or None when empty."""
        if not state.messages:
            return state, None
        return MailboxState(state.messages[1:]), state.messages[0]
