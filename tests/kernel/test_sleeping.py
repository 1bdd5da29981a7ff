"""P23: everything that may sleep says so when it is used in atomic context, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from aprt.core.effects import Call
from aprt.core.notes import Broken
from aprt.kernel.completion import Completion, CompletionState
from aprt.kernel.mailbox import Mailbox, MailboxState
from aprt.kernel.mutex import Mutex
from aprt.kernel.refcount import RefCount
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer
from aprt.kernel.wait_queue import WaitQueue
from aprt.kernel.workqueue import Work
from tests.kernel.callers import ATOMIC, A, answer, slept

SLEEPING = (
    (Mutex("m").lock(), None),
    (RwSem("m").down_read(), None),
    (RwSem("m").down_write(), None),
    (WaitQueue("m").schedule(), None),
    (Completion("m").wait(), CompletionState(1)),
    (Work("m").flush(), None),
    (Mailbox[int]("m", 1).send(7), None),
    (Mailbox[int]("m").receive(), MailboxState((7,))),
)
NOT_SLEEPING = (
    (Mutex("m").trylock(), None),
    (Spinlock("m").lock(), None),
    (Spinlock("m").trylock(), None),
    (RwSem("m").enqueue(), None),
    (WaitQueue("m").prepare(), None),
    (WaitQueue("m").wake_all(), None),
    (Completion("m").try_wait(), CompletionState(1)),
    (Completion("m").complete(), None),
    (Work("m").queue(), None),
    (Work("m").cancel(), None),
    (Timer("m").arm(), None),
    (Timer("m").cancel_sync(), None),
    (RefCount("m").put(), None),
    (Mailbox[int]("m").send(7), None),
    (Mailbox[int]("m").receive_nowait(), MailboxState((7,))),
)


def broken(call: Call[Any], state: Any, *, atomic: bool) -> list[Broken]:
    start = call.actor.initial() if state is None else state
    _, _, notes = answer(call, start, ATOMIC if atomic else A)
    return [note for note in notes if isinstance(note, Broken)]


@pytest.mark.parametrize(("call", "state"), SLEEPING, ids=lambda value: type(getattr(value, "actor", value)).__name__)
def test_sleeping_in_atomic_context_is_a_finding(call: Call[Any], state: Any) -> None:
    assert broken(call, state, atomic=True) == [slept("m")]
    assert broken(call, state, atomic=False) == []


@pytest.mark.parametrize(("call", "state"), NOT_SLEEPING, ids=str)
def test_what_never_sleeps_is_allowed_in_atomic_context(call: Call[Any], state: Any) -> None:
    assert broken(call, state, atomic=True) == []
