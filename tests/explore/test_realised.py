"""Cycles in the lock order that are real, and those that are not, with what prevents them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import chain, combinations, permutations, product

import pytest

from aprt import DEADLOCK, Context, Mutex, System, explore
from aprt.core.lock_order import Cycle, Edge, around
from aprt.core.system import Behaviour
from aprt.explore.conflicts.realised import Realisation, realise
from aprt.explore.replay import replay
from aprt.kernel.held import held
from aprt.kernel.rules import LOCK_ORDER
from tests.explore.programs import lock_order as programs
from tests.explore.programs.locking import dining, nested


def cycle_of(system: System) -> Cycle | None:
    found = explore(system, (LOCK_ORDER,), stop_on="all").findings
    return tuple(part.edge for part in found[0].parts) if found else None


def of(system: System, limit: int = 10_000) -> Realisation:
    cycle = cycle_of(system)
    assert cycle is not None
    return realise(system, (cycle,), limit)


def waits(found: Realisation) -> list[str]:
    return [f"{demand.by.context} for {demand.lock.lock}" for demand in found.waiting]


@pytest.mark.parametrize(
    ("system", "steps", "waiting"),
    [
        (nested("AB", "BA"), 2, ["t0 for B", "t1 for A"]),
        (nested("AB", "BC", "CA"), 3, ["t0 for B", "t1 for C", "t2 for A"]),
        (nested("ABC", "CA"), 3, ["t0 for C", "t1 for A"]),
        (dining(3), 3, ["phil0 for fork1", "phil1 for fork2", "phil2 for fork0"]),
        (programs.tried_first(), 2, ["forth for B", "back for A"]),
        (programs.flagged(), 9, ["qemu for kvm_lock", "pv for vcpu_mutex", "vcpu0 for kvm_busy"]),
        (programs.flushed(), 3, ["flusher for work", "daemon for lock"]),
        (programs.cancelled(under=True), 3, ["canceller for timer", "daemon for lock"]),
        (programs.promised(under=True), 2, ["waiter for done", "completer for lock"]),
        (programs.removed(under=True), 2, ["reader for guests_lock", "driver for status"]),
        (programs.put_under_lock(), 3, ["closer for group_lock"]),
        (programs.read_again(fair=True), 2, ["read for S"]),
    ],
)
def test_a_cycle_is_realised_by_the_shortest_schedule_after_which_contexts_wait_for_each_other(
    system: System, steps: int, waiting: list[str]
) -> None:
    found = of(system)
    assert found.schedule is not None
    assert (len(found.schedule), waits(found)) == (steps, waiting)
    replay(system, found.schedule)
    assert (found.gates, found.alone, found.complete) == ((), None, False)


@pytest.mark.parametrize(
    ("system", "gates", "alone", "states"),
    [
        (nested("GAB", "GBA"), ("G",), None, 24),
        (nested("GAB", "GBC", "GCA"), ("G",), None, 68),
        (nested("GHAB", "GHBA"), ("G", "H"), None, 32),
        (programs.readers(writer=True), (), None, 91),  # a writer that waits keeps no reader out of this semaphore
        (programs.of_one_class(nested=False), (), "t", 5),
        (programs.either(), (), "t", 10),
        (programs.read_again(fair=False), (), "read", 12),
        (programs.last_put_or_destructor(), (), "closer", 10),
    ],
)
def test_a_cycle_that_is_never_realised_has_a_gate_or_one_context_or_the_order_is_to_blame(
    system: System, gates: tuple[str, ...], alone: str | None, states: int
) -> None:
    found = of(system)
    assert (found.schedule, found.gates, found.alone) == (None, gates, alone)
    assert (found.states, found.complete) == (states, True)


def test_without_the_gate_the_same_cycle_is_realised() -> None:
    gated, free = cycle_of(nested("GAB", "GBA")), cycle_of(nested("AB", "BA"))
    assert gated == free
    assert of(nested("GAB", "GBA")).schedule is None
    assert of(nested("GAB", "BA")).schedule is not None


def cycles_of(system: System) -> list[Cycle]:
    order = explore(system, (LOCK_ORDER,), stop_on="all").lock_order
    assert order is not None
    return order.cycles()


def test_of_several_cycles_the_one_that_is_real_is_told_whichever_is_first_by_name() -> None:
    system = nested("GAB", "GBA", "CD", "DC")
    gated, free = cycles_of(system)
    found = realise(system, (gated, free), 10_000)
    assert found.schedule is not None
    assert (found.cycle, found.others) == (free, (gated,))
    assert (len(found.schedule), waits(found)) == (2, ["t2 for D", "t3 for C"])
    assert replay(system, found.schedule).ending == "cut"


def test_a_longer_circle_through_the_edges_of_cycles_that_are_never_real_is_real() -> None:
    system = nested("GAB", "GBA", "HBC", "HCB", "ICA", "IAC")
    cycles = cycles_of(system)
    assert [around(cycle) for cycle in cycles] == ["A -> B -> A", "A -> C -> A", "B -> C -> B"]
    assert [realise(system, (cycle,), 10_000).gates for cycle in cycles] == [("G",), ("I",), ("H",)]
    found = realise(system, cycles, 10_000)
    assert found.schedule is not None
    assert (around(found.cycle), found.others) == ("A -> B -> C -> A", tuple(cycles))
    assert (len(found.schedule), waits(found)) == (6, ["t0 for B", "t2 for C", "t4 for A"])
    replay(system, found.schedule)


def test_several_cycles_are_never_real_only_together() -> None:
    system = nested("GAB", "GBA", "HCD", "HDC")
    cycles = cycles_of(system)
    found = realise(system, cycles, 10_000)
    assert (found.schedule, found.cycle, found.others) == (None, cycles[0], (cycles[1],))
    assert (found.gates, found.complete) == (("G",), True)
    assert not realise(system, cycles, 100).complete


def test_a_partial_deadlock_is_seen_when_it_forms_while_others_go_on_for_ever() -> None:
    two, three = nested("AB", "BA"), dining(3, looping=True)
    both = System((*two.actors, *three.actors), (*two.contexts, *three.contexts))
    cycle = cycle_of(two)
    assert cycle is not None
    found = realise(both, (cycle,), 10_000)
    assert found.schedule is not None
    assert (len(found.schedule), waits(found)) == (2, ["t0 for B", "t1 for A"])
    assert replay(both, found.schedule).ending == "cut"


def test_a_promise_that_another_context_may_keep_is_nothing_to_wait_for_in_a_circle() -> None:
    alone, helped = programs.promised(under=True), programs.promised(under=True, helped=True)
    assert cycle_of(alone) == cycle_of(helped)
    assert of(alone).schedule is not None
    found = of(helped)
    assert (found.schedule, found.gates, found.alone, found.complete) == (None, (), None, True)
    assert explore(helped, (DEADLOCK,), stop_on="all").findings == ()


def test_a_circle_is_found_behind_others_through_the_same_contexts_that_do_not_last() -> None:
    cycle = (Edge("done", "L"), Edge("L", "done"))
    assert waits(realise(programs.promised_in_turn(under=True), (cycle,), 10_000)) == [
        "owner for done",
        "completer for lock",
    ]
    found = realise(programs.promised_in_turn(under=False), (cycle,), 10_000)
    assert (found.schedule, found.complete) == (None, True)


def test_a_search_that_ends_early_does_not_say_never() -> None:
    found = of(nested("GAB", "GBA"), limit=10)
    assert (found.schedule, found.complete) == (None, False)


def test_of_two_contexts_a_cycle_is_real_when_a_deadlock_has_its_locks_and_only_then() -> None:
    orders = ["".join(order) for order in chain(permutations("ABC"), permutations("ABC", 2))]
    real = unreal = 0
    for one, other in product(orders, repeat=2):
        system = nested(one, other)
        cycle = cycle_of(system)
        if cycle is None or len(cycle) != 2:
            continue
        locks = {edge.held for edge in cycle}
        texts = {text for _, text in explore(system, (DEADLOCK,), stop_on="all").wrong}
        expected = any(all(f"waits for {lock}.lock" in text for lock in locks) for text in texts)
        assert (realise(system, (cycle,), 10_000).schedule is not None) is expected, (one, other)
        real, unreal = real + expected, unreal + (not expected)
    assert (real, unreal) == (58, 14)


def test_of_all_cycles_together_one_is_real_when_there_is_a_deadlock_and_only_then() -> None:
    orders = ("AB", "GAB", "GBA", "BC", "GBC", "HCB", "CA", "HCA", "HAC")
    seen: Counter[tuple[bool, bool]] = Counter()
    for some in combinations(orders, 4):
        system = nested(*some)
        cycles, deadlock = cycles_of(system), bool(explore(system, (DEADLOCK,)).findings)
        found = realise(system, cycles, 10_000) if cycles else None
        assert (found is not None and found.schedule is not None) is deadlock, some
        assert found is None or deadlock or found.complete, some
        seen[bool(cycles), deadlock] += 1
    assert seen == {(False, False): 18, (True, False): 19, (True, True): 89}


def test_what_may_come_where_executions_end_is_not_known_to_be_impossible() -> None:
    gate, a, b = (Mutex(name) for name in "GAB")

    def in_order(first: Mutex, second: Mutex, *, twice: bool) -> Callable[[], Behaviour]:
        async def take() -> None:
            async with held(gate), held(first), held(second):
                if twice:
                    await gate.lock()

        return take

    for twice, expected in ((False, (True, ("G",), ())), (True, (False, (), ("K1",)))):
        contexts = (Context("x", in_order(a, b, twice=False)), Context("y", in_order(b, a, twice=twice)))
        found = of(System((gate, a, b), contexts))
        assert (found.complete, found.gates, found.unasked) == expected
        assert found.schedule is None
