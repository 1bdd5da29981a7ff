"""What a lock is called in the lock order, and which messages ask for it."""

from __future__ import annotations

import pytest

from aprt.core.actor import Actor
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Hold, Took
from aprt.kernel.attribute import Attribute
from aprt.kernel.completion import Completion
from aprt.kernel.mutex import Mutex, MutexState
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer
from aprt.kernel.workqueue import Work
from tests.kernel.callers import answer

MUTEX, SPIN, SEM = Mutex("m"), Spinlock("s"), RwSem("r")
WORK, TIMER, DONE, STATUS = Work("w"), Timer("t"), Completion("d"), Attribute("a")
EXCLUSIVE: dict[Actor[object], set[str]] = {
    MUTEX: {"lock"},
    SPIN: {"lock"},
    SEM: {"down_read", "down_write"},
    WORK: {"flush"},
    TIMER: {"cancel_sync"},
    DONE: {"wait"},
    STATUS: {"remove"},
}


@pytest.mark.parametrize("actor", EXCLUSIVE, ids=lambda actor: type(actor).__name__)
def test_only_what_waits_asks_for_a_lock(actor: Actor[object]) -> None:
    asks = {op for op in actor.messages() if actor.acquired(Call(actor, op, ())) is not None}
    assert asks == EXCLUSIVE[actor]


def test_readers_ask_for_reading_and_who_removes_an_attribute_for_writing() -> None:
    assert SEM.acquired(SEM.down_read()) == Hold("r", "read")
    assert SEM.acquired(SEM.down_write()) == Hold("r", "write")
    assert STATUS.acquired(STATUS.remove()) == Hold("a", "write")


def test_locks_of_one_class_are_held_under_its_name_too() -> None:
    lock = Mutex("vm0.lock", lock_class="kvm_lock")
    held = Hold("vm0.lock", lock_class="kvm_lock")
    assert answer(lock.lock(), MutexState(), Caller("a")) == (MutexState("a"), None, (Took(held),))
    assert lock.acquired(lock.lock()) == held
    assert (held.family, Hold("vm0.lock").family) == ("kvm_lock", "vm0.lock")


def test_a_subclass_is_a_class_of_its_own() -> None:
    held = Hold("m", lock_class="m/1")
    assert answer(MUTEX.lock(1), MutexState(), Caller("a")) == (MutexState("a"), None, (Took(held),))
    assert MUTEX.acquired(MUTEX.lock(1)) == held
