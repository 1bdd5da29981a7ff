"""Strategy "dpor" finds every trace once: the published figures, the rules for steps that block, and what it says."""

from __future__ import annotations

from functools import partial
from math import comb, factorial

import pytest

from aprt import (
    Actor,
    Bounds,
    Caller,
    Context,
    ModelError,
    Mutex,
    Outcome,
    Property,
    System,
    UserError,
    View,
    always,
    at_end,
    choose,
    explore,
    handler,
    replay,
)
from aprt.core.properties import DEADLOCK, HANG, After, History, Noted, Wrong
from aprt.explore.result import Exploration, Question
from aprt.explore.traces import dpor
from aprt.explore.traces.races import Rules
from aprt.kernel.mailbox import Mailbox
from aprt.kernel.rwsem import RwSem
from tests.explore.enumerator import Traces, paths, traces
from tests.explore.programs.cells import (
    Cell,
    ainc,
    cas,
    casw,
    inc,
    lastwrite,
    lastzero,
    lockinc,
    popl,
    readers,
    wainc,
)
from tests.explore.programs.locking import dining, nest, nested
from tests.explore.programs.mailboxes import ask_ask, fan_in, fan_in_out, pipeline, ring
from tests.explore.programs.tables import filesystem, indexer
from tests.explore.programs.teardown import last_put, pointer_teardown


def counted(found: Exploration) -> tuple[int | None, int, int | None, bool]:
    """Traces, deadlocks, redundant executions, and whether that is all."""
    return found.traces, found.deadlocks, found.redundant, found.complete


FIGURES = [
    *(pytest.param(readers(n), 2**n, 0, id=f"readers{n}") for n in (2, 6, 8)),
    *(pytest.param(lastzero(n), c, 0, id=f"lastzero{n}") for n, c in ((2, 5), (3, 12), (4, 28), (5, 64))),
    pytest.param(lastzero(10), 3_328, 0, id="lastzero10"),
    *(pytest.param(filesystem(n), 2 ** (n - 13), 0, id=f"filesystem{n}") for n in (14, 16, 18, 19)),
    *(pytest.param(indexer(n), c, 0, id=f"indexer{n}") for n, c in ((12, 8), (13, 64), (15, 4_096))),
    *(pytest.param(lastwrite(n), factorial(n), 0, id=f"lastwrite{n}") for n in (2, 3, 4, 5)),
    *(pytest.param(ainc(n), factorial(n), 0, id=f"ainc{n}") for n in (2, 3, 4, 5, 6, 7)),
    *(pytest.param(lockinc(n), factorial(n), 0, id=f"lockinc{n}") for n in (2, 3, 4, 5, 6, 7)),
    *(pytest.param(lockinc(n, cells=2), factorial(n), 0, id=f"lock2inc{n}") for n in (2, 3, 4, 5)),
    *(pytest.param(inc(n), factorial(n) ** 2, 0, id=f"inc{n}") for n in (2, 3, 4)),
    *(pytest.param(ainc(n, cells=2), factorial(n) ** 2, 0, id=f"binc{n}") for n in (2, 3, 4)),
    *(pytest.param(ainc(n, cells=3), factorial(n) ** 3, 0, id=f"cinc{n}") for n in (2, 3)),
    *(pytest.param(wainc(n), factorial(n + 1), 0, id=f"wainc{n}") for n in (2, 3, 4)),
    *(pytest.param(cas(n), n, 0, id=f"cas{n}") for n in (2, 3, 4)),
    *(pytest.param(casw(n), c, 0, id=f"casw{n}") for n, c in ((2, 6), (3, 66), (4, 1_200))),
    pytest.param(popl(), 5, 0, id="popl"),
    pytest.param(nested("AB", "BA"), 3, 1, id="abba"),
    *(pytest.param(dining(n), 2**n - 1, 1, id=f"dining{n}") for n in (2, 3, 4, 5)),
    *(pytest.param(dining(n, left_handed=1), 2**n - 2, 0, id=f"dining-left{n}") for n in (2, 3, 4, 5)),
    pytest.param(nested("GKM", "GKM"), 2, 0, id="gate2"),
    pytest.param(nested("GKM", "GKM", "GKM"), 6, 0, id="gate3"),
    pytest.param(nested("GKM", "MG"), 3, 1, id="inversion"),
    pytest.param(nested("GK", "KM", "MG"), 7, 1, id="three-way-cycle"),
    *(
        pytest.param(fan_in(n, k), factorial(n * k) // factorial(k) ** n, 0, id=f"fan-in-{n}-{k}")
        for n, k in ((2, 1), (3, 1), (4, 1), (2, 2), (2, 3), (3, 2))
    ),
    *(pytest.param(fan_in_out(n), factorial(n), 0, id=f"fan-in-out{n}") for n in (2, 3, 4)),
    pytest.param(pipeline(3, 2), 1, 0, id="pipeline"),
    pytest.param(ring(4), 1, 0, id="ring"),
    pytest.param(ask_ask(), 1, 1, id="ask-ask"),
    pytest.param(pointer_teardown(), 3, 0, id="free-first"),
    pytest.param(pointer_teardown(clear_first=True), 3, 0, id="clear-first"),
    pytest.param(pointer_teardown(locked=True), 2, 0, id="locked"),
    pytest.param(last_put(unless_zero=False), 5, 0, id="get"),
    pytest.param(last_put(unless_zero=True), 3, 0, id="get-unless-zero"),
]

LARGE_FIGURES = [
    pytest.param(readers(13), 2**13, 0, id="readers13"),
    pytest.param(casw(5), 32_880, 0, id="casw5"),
    pytest.param(ainc(4, cells=3), factorial(4) ** 3, 0, id="cinc4"),
]

LONG = ("lastzero10", "indexer15", "filesystem19", "ainc7")


@pytest.mark.parametrize(("system", "count", "deadlocks"), FIGURES)
def test_traces(system: System, count: int, deadlocks: int) -> None:
    assert counted(explore(system, strategy="dpor")) == (count, deadlocks, 0, True)


@pytest.mark.slow
@pytest.mark.parametrize(("system", "count", "deadlocks"), LARGE_FIGURES)
def test_traces_of_large_programs(system: System, count: int, deadlocks: int) -> None:
    assert counted(explore(system, strategy="dpor")) == (count, deadlocks, 0, True)


@pytest.mark.parametrize("strategy", ["states", "dpor", "reduced", "random", "auto"])
def test_a_system_without_contexts_has_one_end(strategy: str) -> None:
    found = explore(System((), ()), strategy=strategy)
    assert (found.ends, found.deadlocks, found.findings) == (1, 0, ())


@pytest.mark.parametrize(("system", "count", "deadlocks"), [f for f in FIGURES if f.id not in LONG])
def test_source_sets_find_the_same_traces(system: System, count: int, deadlocks: int) -> None:
    found = explore(system, strategy="dpor:source")
    assert (found.traces, found.deadlocks, found.complete) == (count, deadlocks, True)
    assert found.redundant == found.sleep_blocked


def test_source_sets_begin_executions_in_vain() -> None:
    # how many depends on the order of exploration
    assert (explore(lastzero(5), strategy="dpor:source").redundant or 0) > 0


def test_steps_are_those_of_all_executions() -> None:
    # 30 executions of 20 steps, and one of 5 that ends in the deadlock
    found = explore(dining(5), strategy="dpor")
    assert (found.executions, found.depth, found.transitions) == (31, 20, 605)


class TestRulesForStepsThatBlock:
    """Each rule of `explore.traces.races`, by the small program that fails without it."""

    def test_without_pending_steps_the_deadlock_of_abba_is_lost(self) -> None:
        question = Question(nested("AB", "BA"), ())
        assert (dpor.search(question).traces, dpor.search(question, Rules(pending=False)).traces) == (3, 2)

    def test_without_pending_steps_a_consumer_never_gets_the_message(self) -> None:
        question = Question(System((box := Mailbox[str]("box"),), (sender(box), *consumers(box))), ())
        assert (dpor.search(question).traces, dpor.search(question, Rules(pending=False)).traces) == (2, 1)

    def test_unless_steps_are_timed_anew_executions_repeat_a_trace(self) -> None:
        question = Question(dining(3, left_handed=1), ())
        assert (dpor.search(question).traces, dpor.search(question, Rules(timed_anew=False)).traces) == (6, 7)

    def test_without_pending_steps_where_all_sleep_source_sets_lose_a_trace(self) -> None:
        box, x = Mailbox[str]("box"), Cell("x")
        read, write = Context("r", partial(reading, x)), Context("d", partial(receive_and_write, box, x))
        question = Question(System((box, x), (read, sender(box), consumers(box)[0], write)), ())
        found = dpor.search_by_source_sets(question, Rules(asleep=False))
        assert (dpor.search_by_source_sets(question).traces, found.traces) == (3, 2)
        assert dpor.search(question).traces == 3


async def reading(x: Cell) -> None:
    await x.read()


async def receive_and_write(box: Mailbox[str], x: Cell) -> None:
    await box.receive()
    await x.write(1)


def sender(box: Mailbox[str]) -> Context:
    async def send() -> None:
        await box.send("message")

    return Context("s", send)


def consumers(box: Mailbox[str]) -> tuple[Context, Context]:
    async def receive() -> None:
        await box.receive()

    return Context("c", receive), Context("e", receive)


def rwsem_system(*, readers: int, release: bool) -> System:
    """Readers that keep the lock or give it back, beside a writer."""
    rwsem = RwSem("rwsem")

    async def read() -> None:
        await rwsem.down_read()
        if release:
            await rwsem.up_read()

    async def write() -> None:
        await rwsem.down_write()
        await rwsem.up_write()

    contexts = [Context(f"r{i}", read) for i in range(readers)]
    return System((rwsem,), (*contexts, Context("w", write)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_writer_gets_its_turn_before_any_readers(n: int) -> None:
    # readers that keep the lock: the writer is before all of them, or waits for ever
    assert counted(explore(rwsem_system(readers=n, release=False), strategy="dpor")) == (2, 1, 0, True)
    # readers that give it back: the writer is behind some of them
    assert counted(explore(rwsem_system(readers=n, release=True), strategy="dpor")) == (2**n, 0, 0, True)


def test_what_led_to_a_writer_that_waits_for_readers_is_not_left_out() -> None:
    rwsem, mutex = RwSem("rwsem"), Mutex("mutex")

    async def keep() -> None:
        await rwsem.down_read()

    async def keep_under_the_mutex() -> None:
        await mutex.lock()
        await rwsem.down_read()
        await mutex.unlock()

    async def write_under_the_mutex() -> None:
        await mutex.lock()
        await rwsem.down_write()

    contexts = (Context("k", keep), Context("m", keep_under_the_mutex), Context("w", write_under_the_mutex))
    system = System((rwsem, mutex), contexts)
    found, truth = explore(system, strategy="dpor"), traces(system)
    # the writer gets the mutex first and then the rwsem before or after the keeper; or it gets nothing any more
    assert truth == Traces(deadlocked=3)
    assert counted(found) == (3, 3, 0, True)


def test_every_option_of_a_choice_is_explored_where_it_makes_a_difference() -> None:
    x = Cell("x")

    async def pick() -> None:
        if await choose("bit", 0, 1):
            await x.write(1)

    async def read() -> None:
        await x.read()

    system = System((x,), (Context("a", pick), Context("b", pick), Context("r", read)))
    found = explore(system, strategy="dpor")
    assert found.traces == traces(system).complete == 1 + 2 + 2 + 2 * 3
    assert found.redundant == 0


def test_what_others_would_have_done_before_an_oops_is_explored() -> None:
    mutex, x = Mutex("mutex"), Cell("x")

    async def lock_twice() -> None:
        await mutex.lock()
        await mutex.lock()

    async def write() -> None:
        for i in range(3):
            await x.write(i)

    system = System((mutex, x), (Context("t", lock_twice), Context("w", write)))
    found = explore(system, strategy="dpor")
    # the oops comes after none to three of the writes; the first lock commutes with all of them
    assert (found.traces, found.oopses, found.redundant) == (traces(system).oopsed, 4, 0) == (4, 4, 0)


def test_every_option_that_an_oops_cut_off_is_explored() -> None:
    mutex, x = Mutex("mutex"), Cell("x")

    async def lock_twice() -> None:
        await mutex.lock()
        await mutex.lock()

    async def pick() -> None:
        await choose("bit", 0, 1)

    contexts = (Context("t", lock_twice), Context("c", pick), Context("r", partial(reading, x)))
    system = System((mutex, x), contexts)
    # before the oops there was no choice or one of two, and the read or not
    assert traces(system) == Traces(oopsed=6, broken=6)
    for strategy in ("dpor", "dpor:source"):
        assert explore(system, strategy=strategy).traces == 6


def test_daemons_that_wait_for_ever_are_at_an_end() -> None:
    box, x = Mailbox[int]("box"), Cell("x")

    async def drain() -> None:
        while True:
            await x.write(await box.receive())

    async def send() -> None:
        await box.send(1)
        await box.send(2)

    system = System((box, x), (Context("s", send), Context("d", drain, daemon=True)))
    found = explore(system, strategy="dpor")
    assert (found.traces, found.ends, found.deadlocks, found.redundant) == (1, 1, 0, 0)


class TestBounds:
    def test_endless_executions_are_told_with_what_bounds_them(self) -> None:
        found = explore(dining(2, looping=True), strategy="dpor")
        assert (found.complete, found.stopped, found.depth) == (False, "endless", 10_000)

    def test_a_depth_bounds_endless_executions_and_is_never_complete(self) -> None:
        found = explore(dining(2, looping=True), strategy="dpor", bounds=Bounds(max_depth=6))
        assert (found.complete, found.stopped, found.depth) == (False, "max_depth", 6)
        assert found.deadlocks == 1

    def test_a_depth_that_no_execution_reaches_leaves_it_complete(self) -> None:
        assert counted(explore(dining(3), strategy="dpor", bounds=Bounds(max_depth=12))) == (7, 1, 0, True)

    def test_states_and_time_are_bounded(self) -> None:
        found = explore(dining(5), strategy="dpor", bounds=Bounds(max_states=50))
        assert (found.complete, found.stopped, found.states) == (False, "max_states", 50)
        found = explore(readers(13), strategy="dpor", bounds=Bounds(budget=0.0))
        assert (found.complete, found.stopped) == (False, "budget")


class TestProperties:
    def test_a_deadlock_is_found_with_a_schedule_that_repeats_it(self) -> None:
        system = dining(3)
        (finding,) = explore(system, (DEADLOCK,), strategy="dpor").findings
        assert replay(system, finding.schedule, (DEADLOCK,)).ending == "deadlock"

    def test_the_first_violation_ends_the_search_or_the_shortest_is_kept(self) -> None:
        system = pointer_teardown()
        uaf = Property("UAF", "no use after free", (Noted(),))
        first = explore(system, (uaf,), strategy="dpor")
        assert (first.complete, first.stopped, len(first.findings)) == (False, "violation", 1)
        every = explore(system, (uaf,), strategy="dpor", stop_on="all")
        assert (every.complete, len(every.findings), every.traces) == (True, 1, 3)
        assert str(every.findings[0].schedule.labels[-1]) == "irq: thing.use"

    def test_ends_are_judged(self) -> None:
        x = Cell("x")
        lost = at_end("lost", (x,), lambda view: None if view(x).value == 2 else f"x is {view(x).value}")
        (finding,) = explore(inc(2), (lost,), strategy="dpor").findings
        assert finding.text == "x is 1"

    def test_states_that_compare_actors_are_all_seen(self) -> None:
        x, y = Cell("x"), Cell("y")

        async def write(cell: Cell) -> None:
            await cell.write(1)

        seen: set[tuple[int, int]] = set()

        def look(view: View) -> None:
            seen.add((view(x).value, view(y).value))

        system = System((x, y), (Context("a", partial(write, x)), Context("b", partial(write, y))))
        assert explore(system, strategy="dpor").traces == 1
        assert explore(system, (always("look", (x, y), look),), strategy="dpor").traces == 2
        assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}

    def test_what_others_have_done_when_a_message_is_handled_is_all_seen(self) -> None:
        x, y, z = (Cell(name) for name in "xyz")

        async def touch(cell: Cell) -> None:
            await cell.write(1)

        seen: set[tuple[int, int]] = set()
        at = After(z, "write", (x, y), lambda view, event: seen.add((view(x).value, view(y).value)))
        system = System((x, y, z), tuple(Context(cell.name, partial(touch, cell)) for cell in (x, y, z)))
        # the writes of x and y need no order between them
        assert explore(system, (Property("p", "p", (at,)),), strategy="dpor").traces == 4
        assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}

    def test_histories_see_every_order_of_what_concerns_them(self) -> None:
        x, y = Cell("x"), Cell("y")

        async def touch(cell: Cell) -> None:
            await cell.read()

        order = History("", (x, y), lambda memory, event: Wrong("yx") if memory == "x" else event.actor)
        system = System((x, y), tuple(Context(cell.name, partial(touch, cell)) for cell in (x, y)))
        found = explore(system, (Property("p", "p", (order,)),), strategy="dpor", stop_on="all")
        assert (found.traces, len(found.findings)) == (2, 1)

    def test_what_contexts_hold_is_seen_in_every_order_that_a_check_asks_for(self) -> None:
        seen: dict[str, set[tuple[bool, bool]]] = {"dpor": set(), "states": set()}
        for strategy, values in seen.items():
            locks = Mutex("A"), Mutex("B")
            system = System(locks, (Context("a", partial(nest, locks[:1])), Context("b", partial(nest, locks[1:]))))

            def look(view: View, values: set[tuple[bool, bool]] = values) -> None:
                values.add((view.held("A"), view.held("B")))

            assert explore(system, (always("look", (), look),), strategy=strategy).complete
        assert seen["dpor"] == seen["states"] == {(a, b) for a in (False, True) for b in (False, True)}

    def test_what_a_trace_cannot_show_is_refused(self) -> None:
        with pytest.raises(UserError, match="hang asks what can be reached"):
            explore(dining(2), (HANG,), strategy="dpor")


class Log(Actor[tuple[str, ...]]):
    """Says that entries may be made in any order, and keeps the order."""

    def initial(self) -> tuple[str, ...]:
        return ()

    @handler(writes="*", commutes="note")
    def note(self, state: tuple[str, ...], by: Caller, text: str) -> Outcome[tuple[str, ...], None]:
        return (*state, text), None


def test_handlers_that_do_not_commute_as_they_declare_are_an_error() -> None:
    log = Log("log")

    async def note(text: str) -> None:
        await log.note(text)

    system = System((log,), tuple(Context(text, partial(note, text)) for text in ("one", "two")))
    with pytest.raises(
        ModelError, match=r"log\.note by one and log\.note by two are declared to commute, but their order"
    ):
        explore(system, strategy="dpor")


def private(k: int) -> tuple[Cell, Context]:
    """A context that takes k steps on a cell of its own, and the cell."""
    cell = Cell("private")

    async def work() -> None:
        for i in range(k):
            await cell.write(i)

    return cell, Context("private", work)


PROGRAMS = [
    # program, whether all its executions have the same number of steps
    pytest.param(inc(3), True, id="inc3"),
    pytest.param(popl(), False, id="popl"),
    pytest.param(dining(3), False, id="dining3"),
    pytest.param(fan_in(2, 2), True, id="fan-in-2-2"),
    pytest.param(lastzero(3), False, id="lastzero3"),
]


@pytest.mark.parametrize(("system", "even"), PROGRAMS)
@pytest.mark.parametrize("k", [1, 2])
def test_private_work_makes_for_more_interleavings_and_no_more_traces(system: System, even: bool, k: int) -> None:
    cell, context = private(k)
    more = System((cell, *system.actors), (context, *system.contexts), system.states)
    found = explore(system, strategy="dpor")
    assert counted(explore(more, strategy="dpor")) == counted(found)
    if even:
        assert paths(more) == paths(system) * comb(found.depth + k, k)
    else:
        assert paths(more) > paths(system)


def renamed(system: System) -> System:
    """Contexts in the reverse order, with other names."""
    contexts = [Context(f"renamed {c.name}", c.start, c.daemon) for c in reversed(system.contexts)]
    return System(system.actors[::-1], tuple(contexts), system.states)


@pytest.mark.parametrize(("system", "count", "deadlocks"), [figure for figure in FIGURES if figure.id[-1] in "23t"])
def test_names_and_places_of_contexts_make_no_difference(system: System, count: int, deadlocks: int) -> None:
    assert counted(explore(renamed(system), strategy="dpor")) == (count, deadlocks, 0, True)


def test_initial_states_may_hold_messages() -> None:
    box = Mailbox[str]("box")
    state = type(box.initial())(("left over",))
    system = System((box,), (sender(box), *consumers(box)), {"box": state})
    found = explore(system, strategy="dpor")
    assert found.traces == traces(system).complete == 2
