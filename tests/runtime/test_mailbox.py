"""Mailboxes."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from aprt.runtime.mailbox import Mailbox


@pytest.mark.trio
async def test_messages_arrive_in_order() -> None:
    box: Mailbox[int] = Mailbox()
    for i in range(3):
        box.put(i)
    assert [await box.get() for _ in range(3)] == [0, 1, 2]


@pytest.mark.trio
async def test_put_wakes_a_reader_and_leave_does_not() -> None:
    box: Mailbox[int] = Mailbox()
    got: list[int] = []

    async def read() -> None:
        got.append(await box.get())
        got.append(await box.get())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        box.put_nowake(1)
        await wait_all_tasks_blocked()
        assert got == []
        box.put(2)
    assert got == [1, 2]


@pytest.mark.trio
async def test_a_cancelled_reader_loses_no_message() -> None:
    box: Mailbox[int] = Mailbox()
    with trio.CancelScope() as scope:
        scope.cancel()
        await box.get()
    box.put(1)
    assert await box.get() == 1
