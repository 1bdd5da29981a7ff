"""Mailbox: first in, first out, and no more than its capacity."""

from __future__ import annotations

import pytest

from aprt.core.actor import BLOCK
from aprt.core.properties import DEADLOCK, Property, always
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.mailbox import Mailbox, MailboxState
from tests.kernel.callers import answer

BOX, SMALL = Mailbox[str]("box"), Mailbox[str]("small", 1)


def test_messages_come_out_in_the_order_they_went_in() -> None:
    assert answer(BOX.send("y"), MailboxState(("x",))) == (MailboxState(("x", "y")), None, ())
    assert answer(BOX.receive(), MailboxState(("x", "y"))) == (MailboxState(("y",)), "x", ())
    assert answer(BOX.receive_nowait(), MailboxState(("x", "y"))) == (MailboxState(("y",)), "x", ())


def test_an_empty_mailbox_blocks_the_receiver_unless_it_does_not_wait() -> None:
    empty: MailboxState[str] = MailboxState()
    assert answer(BOX.receive(), empty) is BLOCK
    assert answer(BOX.receive_nowait(), empty) == (empty, None, ())


def test_a_full_mailbox_blocks_the_sender() -> None:
    assert answer(SMALL.send("x"), MailboxState()) == (MailboxState(("x",)), None, ())
    assert answer(SMALL.send("y"), MailboxState(("x",))) is BLOCK


@pytest.mark.parametrize(("capacity", "most"), [(None, 2), (1, 1)])
def test_a_sender_is_never_further_ahead_than_the_capacity(capacity: int | None, most: int) -> None:
    box = Mailbox[int]("box", capacity)

    async def sends() -> None:
        await box.send(1)
        await box.send(2)

    async def receives() -> None:
        await box.receive()
        await box.receive()

    system = System((box,), (Context("sender", sends), Context("receiver", receives)))

    def never(size: int) -> Property:
        return always(str(size), (box,), lambda view: "full" if len(view(box).messages) == size else None)

    found = explore(system, (never(1), never(2), DEADLOCK), stop_on="all")
    assert sorted(finding.property for finding in found.findings) == ["1", "2"][:most]


def test_two_that_each_wait_for_the_other_are_a_deadlock() -> None:
    other = Mailbox[str]("other")

    async def left() -> None:
        await BOX.receive()
        await other.send("x")

    async def right() -> None:
        await other.receive()
        await BOX.send("x")

    (finding,) = explore(System((BOX, other), (Context("l", left), Context("r", right))), (DEADLOCK,)).findings
    assert (finding.text, len(finding.schedule)) == ("l waits for box.receive, r waits for other.receive", 0)
