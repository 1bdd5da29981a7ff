"""rwsem: readers together, a writer alone, and what a writer that waits does to readers."""

from __future__ import annotations

import pytest

from aprt.core.actor import BLOCK
from aprt.core.effects import Call
from aprt.core.notes import Broken, Gave, Hold, Oops, Took
from aprt.core.properties import DEADLOCK, always
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.held import held, reading, writing
from aprt.kernel.mutex import Mutex
from aprt.kernel.rules import LOCK_ORDER, RULES
from aprt.kernel.rwsem import RwSem, RwSemState
from tests.kernel.callers import A, B, answer

SEM = RwSem("sem")
TOOK = (Took(Hold("sem", "read")),)
TWICE = Oops("K1", "a locks sem, which it already holds")


def test_readers_share_it() -> None:
    assert answer(SEM.down_read(), RwSemState(("b",)), A) == (RwSemState(("a", "b")), None, TOOK)


def test_a_context_may_read_twice_while_no_writer_waits() -> None:
    assert answer(SEM.down_read(), RwSemState(("a",)), A) == (RwSemState(("a", "a")), None, TOOK)


def test_a_second_read_hold_is_given_back_by_itself() -> None:
    assert answer(SEM.up_read(), RwSemState(("a", "a")), A) == (RwSemState(("a",)), None, (Gave("sem"),))


def test_reading_twice_behind_a_waiting_writer_is_an_oops() -> None:
    state = RwSemState(("a",), waiting=("b",))
    assert answer(SEM.down_read(), state, A) == (state, None, (TWICE,))


def test_reading_what_one_writes_and_writing_what_one_reads_are_oopses() -> None:
    writer, reader = RwSemState(writer="a"), RwSemState(("a",))
    assert answer(SEM.down_read(), writer, A) == (writer, None, (TWICE,))
    assert answer(SEM.down_write(), reader, A) == (reader, None, (TWICE,))
    assert answer(SEM.enqueue(), reader, A) == (reader, None, (TWICE,))


@pytest.mark.parametrize("state", [RwSemState(writer="b"), RwSemState(waiting=("b",))])
def test_a_reader_waits_for_a_writer_that_has_it_or_wants_it(state: RwSemState) -> None:
    assert answer(SEM.down_read(), state, A) is BLOCK


def test_a_writer_waits_for_readers_whether_it_announced_itself_or_not() -> None:
    assert answer(SEM.down_write(), RwSemState(("b",)), A) is BLOCK
    assert answer(SEM.down_write(), RwSemState(("b",), waiting=("a",)), A) is BLOCK


def test_enqueueing_never_blocks_and_counts_once() -> None:
    state = RwSemState(("c",), waiting=("b",))
    queued, *_ = answer(SEM.enqueue(), state, A)
    assert queued == RwSemState(("c",), waiting=("a", "b"))
    assert answer(SEM.enqueue(), queued, A)[0] is queued


def test_any_waiting_writer_may_be_next_and_the_others_go_on_waiting() -> None:
    state = RwSemState(waiting=("a", "b"))
    took = (Took(Hold("sem", "write")),)
    assert answer(SEM.down_write(), state, B) == (RwSemState(writer="b", waiting=("a",)), None, took)


def test_giving_back_in_the_wrong_mode_is_a_finding_that_names_both_modes() -> None:
    readers, writer = RwSemState(("b", "c")), RwSemState(writer="a")
    reads = Broken("K2", "a releases sem for reading, but holds it for writing")
    assert answer(SEM.up_read(), writer, A) == (writer, None, (reads,))
    writes = Broken("K2", "b releases sem for writing, but holds it for reading")
    assert answer(SEM.up_write(), readers, B) == (readers, None, (writes,))


@pytest.mark.parametrize("release", [SEM.up_read(), SEM.up_write()])
@pytest.mark.parametrize(
    ("state", "hold"),
    [
        (RwSemState(("b",)), "b holds"),
        (RwSemState(("b", "b")), "b holds"),
        (RwSemState(("b", "c", "d")), "b and c and d hold"),
        (RwSemState(writer="b"), "b holds"),
    ],
)
def test_giving_back_what_others_hold_is_a_finding_that_names_them(
    release: Call[None], state: RwSemState, hold: str
) -> None:
    assert answer(release, state, A) == (state, None, (Broken("K2", f"a releases sem, which {hold}"),))


def readers_and_writer(sem: RwSem) -> System:
    async def read() -> None:
        async with reading(sem):
            pass

    async def write() -> None:
        async with writing(sem):
            pass

    return System((sem,), (Context("r", read), Context("s", read), Context("w", write)))


@pytest.mark.parametrize("writer_first", [False, True])
def test_a_writer_is_never_inside_with_a_reader(writer_first: bool) -> None:
    sem = RwSem("sem", writer_first)

    def mixed(state: RwSemState) -> str | None:
        return "both are inside" if state.writer and state.readers else None

    apart = always("apart", (sem,), lambda view: mixed(view(sem)))
    found = explore(readers_and_writer(sem), (apart, DEADLOCK, *RULES), stop_on="all")
    # Without the writer the readers are each outside, inside or out again: 9 states, for a writer that has not
    # come and for one that has gone; with it inside, no reader is: 4. An announced writer adds the 9 again.
    assert (found.findings, found.complete, found.states) == ((), True, 31 if writer_first else 22)


def test_both_readers_can_be_inside_at_once() -> None:
    never = always("alone", (SEM,), lambda view: "together" if view(SEM).readers == ("r", "s") else None)
    found = explore(readers_and_writer(SEM), (never,))
    assert [str(label) for label in found.findings[0].schedule] == ["r: sem.down_read", "s: sem.down_read"]


def crossed(sem: RwSem) -> System:
    """Read sem then lock m; lock m then read sem; and a writer: harmless unless readers wait for the writer."""
    mutex = Mutex("m")

    async def read_lock() -> None:
        async with reading(sem), held(mutex):
            pass

    async def lock_read() -> None:
        async with held(mutex), reading(sem):
            pass

    async def write() -> None:
        async with writing(sem):
            pass

    return System((sem, mutex), (Context("a", read_lock), Context("b", lock_read), Context("w", write)))


def test_a_waiting_writer_turns_crossed_readers_into_a_deadlock() -> None:
    assert explore(crossed(RwSem("sem")), (DEADLOCK,)).findings == ()
    found = explore(crossed(RwSem("sem", writer_first=True)), (DEADLOCK,))
    assert [finding.text for finding in found.findings] == [
        "a waits for m.lock, b waits for sem.down_read, w waits for sem.down_write"
    ]


def test_reading_twice_goes_wrong_only_with_a_waiting_writer() -> None:
    def twice(sem: RwSem) -> System:
        async def read() -> None:
            async with reading(sem), reading(sem):
                pass

        async def write() -> None:
            async with writing(sem):
                pass

        return System((sem,), (Context("a", read), Context("w", write)))

    others = tuple(rule for rule in RULES if rule is not LOCK_ORDER)
    assert explore(twice(SEM), (DEADLOCK, *others), stop_on="all").findings == ()
    (finding,) = explore(twice(SEM), (LOCK_ORDER,)).findings  # which knows no other rwsem than a fair one
    assert finding.text == "possible recursive locking: sem -> sem"
    (finding,) = explore(twice(RwSem("sem", writer_first=True)), (DEADLOCK, *others)).findings
    assert (finding.property, finding.text) == ("K1", "a locks sem, which it already holds")
    assert [str(label) for label in finding.schedule] == [
        "a: sem.down_read",
        "w: sem.enqueue",
        "a: sem.down_read #2",
    ]
