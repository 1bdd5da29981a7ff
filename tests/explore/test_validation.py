"""The validation programs give the published figures.

Traces and interleavings come from the enumerator, states from the search. Sources of the figures stand with the
programs. The trace counts of mailboxes are those of FIFO mailboxes whose two ends commute.
"""

from __future__ import annotations

from math import factorial

import pytest

from aprt import System, explore
from tests.explore.enumerator import Traces, executions, interleavings, paths, traces
from tests.explore.programs.cells import (
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
from tests.explore.programs.increment import increment, increment_lock
from tests.explore.programs.locking import dining, nested
from tests.explore.programs.mailboxes import ask_ask, fan_in, fan_in_out, pipeline, ring
from tests.explore.programs.peterson import peterson
from tests.explore.programs.teardown import last_put, pointer_teardown
from tests.explore.programs.two_phase import two_phase_commit


@pytest.mark.parametrize(
    ("system", "complete", "deadlocked"),
    [
        *(pytest.param(inc(n), factorial(n) ** 2, 0, id=f"inc{n}") for n in (2, 3, 4)),
        *(pytest.param(ainc(n), factorial(n), 0, id=f"ainc{n}") for n in (2, 3, 4, 5)),
        *(pytest.param(ainc(n, cells=2), factorial(n) ** 2, 0, id=f"binc{n}") for n in (2, 3, 4)),
        *(pytest.param(ainc(n, cells=3), factorial(n) ** 3, 0, id=f"cinc{n}") for n in (2, 3)),
        *(pytest.param(wainc(n), factorial(n + 1), 0, id=f"wainc{n}") for n in (2, 3, 4)),
        *(pytest.param(lockinc(n), factorial(n), 0, id=f"lockinc{n}") for n in (2, 3, 4)),
        *(pytest.param(lockinc(n, cells=2), factorial(n), 0, id=f"lock2inc{n}") for n in (2, 3)),
        *(pytest.param(lastwrite(n), factorial(n), 0, id=f"lastwrite{n}") for n in (2, 3, 4, 5)),
        *(pytest.param(cas(n), n, 0, id=f"cas{n}") for n in (2, 3, 4)),
        *(pytest.param(casw(n), count, 0, id=f"casw{n}") for n, count in ((2, 6), (3, 66), (4, 1_200))),
        *(pytest.param(readers(n), 2**n, 0, id=f"readers{n}") for n in (2, 6, 8)),
        *(pytest.param(lastzero(n), count, 0, id=f"lastzero{n}") for n, count in ((2, 5), (3, 12), (4, 28), (5, 64))),
        pytest.param(popl(), 5, 0, id="popl"),
        pytest.param(nested("AB", "BA"), 2, 1, id="abba"),
        pytest.param(nested("GKM", "GKM"), 2, 0, id="gate2"),
        pytest.param(nested("GKM", "GKM", "GKM"), 6, 0, id="gate3"),
        pytest.param(nested("GKM", "MG"), 2, 1, id="inversion"),
        pytest.param(nested("GK", "KM", "MG"), 6, 1, id="three-way-cycle"),
        *(pytest.param(dining(n), 2**n - 2, 1, id=f"dining{n}") for n in (2, 3, 4)),
        *(pytest.param(dining(n, left_handed=1), 2**n - 2, 0, id=f"dining-left{n}") for n in (2, 3, 4)),
    ],
)
def test_traces_of_cells_and_locks(system: System, complete: int, deadlocked: int) -> None:
    assert traces(system) == Traces(complete=complete, deadlocked=deadlocked)


@pytest.mark.parametrize(
    ("system", "complete", "deadlocked"),
    [
        pytest.param(fan_in(2, 1), 2, 0, id="fan-in-2-1"),
        pytest.param(fan_in(3, 1), 6, 0, id="fan-in-3-1"),
        pytest.param(fan_in(4, 1), 24, 0, id="fan-in-4-1"),
        pytest.param(fan_in(2, 2), 6, 0, id="fan-in-2-2"),
        pytest.param(fan_in(2, 3), 20, 0, id="fan-in-2-3"),
        pytest.param(fan_in(3, 2), 90, 0, id="fan-in-3-2"),
        *(pytest.param(fan_in_out(n), factorial(n), 0, id=f"fan-in-out{n}") for n in (2, 3)),
        pytest.param(pipeline(3, 2), 1, 0, id="pipeline"),
        pytest.param(ring(4), 1, 0, id="ring"),
        pytest.param(ask_ask(), 0, 1, id="ask-ask"),
    ],
)
def test_traces_of_mailboxes(system: System, complete: int, deadlocked: int) -> None:
    assert traces(system) == Traces(complete=complete, deadlocked=deadlocked)


@pytest.mark.parametrize(
    ("system", "complete", "bad", "schedules", "bad_schedules"),
    [
        pytest.param(pointer_teardown(), 3, 1, 6, 4, id="free-first"),
        pytest.param(pointer_teardown(clear_first=True), 3, 1, 5, 1, id="clear-first"),
        pytest.param(pointer_teardown(locked=True), 2, 0, 2, 0, id="locked"),
        pytest.param(last_put(unless_zero=False), 5, 3, 8, 5, id="get"),
        pytest.param(last_put(unless_zero=True), 3, 0, 5, 0, id="get-unless-zero"),
    ],
)
def test_traces_and_interleavings_of_teardowns(
    system: System, complete: int, bad: int, schedules: int, bad_schedules: int
) -> None:
    assert traces(system) == Traces(complete=complete, broken=bad)
    found = [any(step.broken for step in steps) for steps, _ in executions(system)]
    assert (len(found), sum(found)) == (schedules, bad_schedules)


INTERLEAVINGS = [
    *(pytest.param(inc(n), count, id=f"inc{n}") for n, count in ((2, 6), (3, 90), (4, 2_520))),
    pytest.param(nested("AB", "BA"), 6, id="abba"),
    pytest.param(nested("GKM", "MG"), 9, id="inversion"),
    pytest.param(nested("GK", "KM", "MG"), 168, id="three-way-cycle"),
    *(pytest.param(dining(n), count, id=f"dining{n}") for n, count in ((2, 6), (3, 168))),
    *(pytest.param(dining(n, left_handed=1), count, id=f"dining-left{n}") for n, count in ((2, 2), (3, 142))),
    pytest.param(fan_in(2, 1), 4, id="fan-in-2-1"),
    pytest.param(fan_in(3, 1), 30, id="fan-in-3-1"),
    pytest.param(fan_in(4, 1), 336, id="fan-in-4-1"),
    pytest.param(fan_in(2, 2), 84, id="fan-in-2-2"),
    pytest.param(fan_in(2, 3), 2_640, id="fan-in-2-3"),
    *(pytest.param(fan_in_out(n), count, id=f"fan-in-out{n}") for n, count in ((2, 26), (3, 2_454))),
]

MANY_INTERLEAVINGS = [
    pytest.param(dining(4), 98_184, id="dining4"),
    pytest.param(dining(4, left_handed=1), 64_000, id="dining-left4"),
    pytest.param(fan_in(3, 2), 11_880, id="fan-in-3-2"),
]


@pytest.mark.parametrize(("system", "count"), INTERLEAVINGS)
def test_interleavings_one_by_one(system: System, count: int) -> None:
    assert interleavings(system) == count


@pytest.mark.parametrize(
    ("system", "count"),
    [
        *INTERLEAVINGS,
        *MANY_INTERLEAVINGS,
        pytest.param(dining(5), 66_468_720, id="dining5"),
        pytest.param(fan_in_out(4), 516_792, id="fan-in-out4"),
        pytest.param(lastzero(5), 3_487_880, id="lastzero5"),
    ],
)
def test_interleavings_as_paths(system: System, count: int) -> None:
    assert paths(system) == count


@pytest.mark.slow
@pytest.mark.parametrize(("system", "count"), MANY_INTERLEAVINGS)
def test_many_interleavings_one_by_one(system: System, count: int) -> None:
    assert interleavings(system) == count


@pytest.mark.parametrize(
    ("system", "states", "ends", "deadlocks"),
    [
        # one shot: all have eaten, or all hold their left fork
        *(
            pytest.param(dining(n), s, 1, 1, id=f"dining{n}")
            for n, s in ((2, 19), (3, 87), (4, 391), (5, 1_743), (6, 7_759), (7, 34_527))
        ),
        pytest.param(dining(8), 153_631, 1, 1, id="dining8", marks=pytest.mark.slow),
        *(
            pytest.param(dining(n, looping=True), s, 0, 1, id=f"dining-looping{n}")
            for n, s in ((2, 10), (3, 35), (4, 118), (5, 392), (6, 1_297), (7, 4_286), (8, 14_158))
        ),
        *(
            pytest.param(dining(n, looping=True, left_handed=1), s, 0, 0, id=f"dining-left{n}")
            for n, s in ((2, 7), (3, 24), (4, 79), (5, 261), (6, 862), (7, 2_847), (8, 9_403))
        ),
    ],
)
def test_states_of_the_dining_philosophers(system: System, states: int, ends: int, deadlocks: int) -> None:
    found = explore(system)
    assert (found.states, found.ends, found.deadlocks, found.complete) == (states, ends, deadlocks, True)


@pytest.mark.parametrize(("n", "transitions"), [(2, 14), (3, 75), (4, 340), (5, 1_415), (6, 5_622)])
def test_transitions_of_the_looping_philosophers(n: int, transitions: int) -> None:
    assert explore(dining(n, looping=True)).transitions == transitions


def test_the_way_through_two_phase_commit_is_as_long_as_known() -> None:
    # 11 levels. 1,146 generated: steps of TLC that change nothing count there, and there are none here
    assert explore(two_phase_commit(3)).depth == 10


def test_transitions_of_peterson() -> None:
    # 77 generated: TLC counts the initial state
    assert explore(peterson()).transitions == 76


@pytest.mark.parametrize(
    ("system", "states"),
    [
        *(pytest.param(increment(n), s, id=f"increment{n}") for n, s in ((2, 13), (3, 84), (4, 755))),
        *(pytest.param(increment_lock(n), s, id=f"increment-lock{n}") for n, s in ((2, 17), (3, 61), (4, 257))),
        *(pytest.param(two_phase_commit(n), s, id=f"2pc{n}") for n, s in ((2, 56), (3, 288), (4, 1_568))),
        pytest.param(peterson(), 42, id="peterson"),
    ],
)
def test_states_of_textbook_protocols(system: System, states: int) -> None:
    found = explore(system)
    assert (found.states, found.deadlocks, found.complete) == (states, 0, True)
