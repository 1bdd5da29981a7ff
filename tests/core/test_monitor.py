"""The monitor, fed with events made by hand."""

from __future__ import annotations

from typing import Any

from aprt.core.caller import Caller
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.monitor import Monitor
from aprt.core.notes import Broken, Hold, Note, Oops, Took
from aprt.core.properties import (
    DEADLOCK,
    HANG,
    After,
    Before,
    Check,
    History,
    Noted,
    Property,
    Wrong,
    always,
    at_end,
)
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System
from aprt.kernel.mutex import Mutex, MutexState

A, B = Mutex("A"), Mutex("B")


async def nothing() -> None:
    pass


SYSTEM = System((A, B), (Context("c", nothing), Context("d", nothing)))


def event(index: int, actor: str | None, op: str, state: Any = None, notes: tuple[Note, ...] = ()) -> Event:
    label = Label("c", f"{actor}.{op}" if actor else op)
    return Event(index, label, actor, (), None, notes, state, state is not None, Caller("c"), ())


def prop(id: str, *checks: Check) -> Property:
    return Property(id, id, checks)


LOCK = event(0, "A", "lock", MutexState("c"), (Took(Hold("A")),))
UNLOCK = event(1, "A", "unlock", MutexState())
FIRST = Schedule((LOCK.label,))
BOTH = Schedule((LOCK.label, UNLOCK.label))


def test_what_must_always_hold_is_looked_at_in_the_initial_state() -> None:
    free = always("P", (A,), lambda view: "free" if view(A).owner is None else None)
    assert Monitor(SYSTEM, (free,)).findings == (Finding("P", "free", Schedule()),)


def test_a_property_is_found_once_at_its_first_violation() -> None:
    owned = always("P", (A,), lambda view: view(A).owner)
    monitor = Monitor(SYSTEM, (owned,))
    assert monitor.feed(LOCK) == (Finding("P", "c", FIRST),)
    assert monitor.feed(UNLOCK) == ()
    assert monitor.feed(LOCK) == ()
    assert monitor.findings == (Finding("P", "c", FIRST),)


def test_a_change_of_what_is_held_alone_is_looked_at() -> None:
    held = always("P", (B,), lambda view: "A is held" if view.held("A") else None)
    assert Monitor(SYSTEM, (held,)).feed(LOCK) == (Finding("P", "A is held", FIRST),)


def test_before_sees_the_state_before_and_after_the_one_after() -> None:
    def owner(view: Any, event: Event) -> str:
        return f"{event.op}: {view(A).owner}"

    monitor = Monitor(SYSTEM, (prop("Q", After(A, "unlock", (A,), owner)), prop("P", Before(A, "unlock", (A,), owner))))
    assert monitor.feed(LOCK) == ()
    assert monitor.feed(UNLOCK) == (Finding("P", "unlock: c", BOTH), Finding("Q", "unlock: None", BOTH))


def test_checks_of_other_messages_and_actors_are_not_looked_at() -> None:
    def wrong(view: Any, event: Event) -> str:
        return "wrong"

    monitor = Monitor(SYSTEM, (prop("P", Before(B, "lock", (), wrong)), prop("Q", After(A, "trylock", (), wrong))))
    assert monitor.feed(LOCK) == ()


def test_notes_break_the_property_that_they_name() -> None:
    monitor = Monitor(SYSTEM, (prop("P", Noted()), prop("Q", Noted())))
    assert monitor.feed(event(0, "A", "lock", None, (Broken("R", "r"), Oops("Q", "q")))) == (Finding("Q", "q", FIRST),)


def test_a_history_remembers_and_hears_only_of_its_actors() -> None:
    def advance(memory: Any, event: Event) -> Any:
        return Wrong("three") if memory == 2 else memory + 1

    monitor = Monitor(SYSTEM, (prop("P", History(0, (A,), advance)),))
    others = [event(9, "B", "lock"), event(9, None, "choose x=1")]
    found = [monitor.feed(e) for e in (LOCK, *others, UNLOCK, LOCK)]
    assert [[finding.text for finding in some] for some in found] == [[], [], [], [], ["three"]]


def test_an_end_state_is_looked_at_only_in_the_end() -> None:
    free = at_end("P", (A,), lambda view: "free")
    for ending in ("cut", "oops", "deadlock"):
        assert Monitor(SYSTEM, (free,)).finish(ending) == ()
    assert Monitor(SYSTEM, (free,)).finish("end") == (Finding("P", "free", Schedule()),)


def test_a_deadlock_says_who_waits_for_what() -> None:
    monitor = Monitor(SYSTEM, (DEADLOCK, HANG))
    monitor.feed(LOCK)
    assert monitor.finish("deadlock", (("c", "B.lock"), ("d", "A.lock"))) == (
        Finding("deadlock", "c waits for B.lock, d waits for A.lock", FIRST),
    )
    assert Monitor(SYSTEM, (DEADLOCK, HANG)).finish("end") == ()
