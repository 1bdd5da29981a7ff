"""The lock order of a case as it was seen, and what a patch adds to it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from aprt.cli.cases import find_case
from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.scenario import Era, Model, Scenario
from aprt.core.system import Context, System
from aprt.kernel.mutex import Mutex
from aprt.verdict.case import Case
from aprt.verdict.locks import Locks, locks
from aprt.vfio_ap.eras import ERAS
from aprt.view.locks_text import locks_json, locks_line, locks_text
from aprt.view.paint import Paint
from tests.verdict.orders import ERA


def of(reference: str) -> Locks:
    return locks(find_case(lambda: ERAS, reference, None, (), ()))


def pairs(found: Locks) -> list[tuple[str, str]]:
    return [edge.pair for edge in found.edges]


def test_a_patch_that_takes_mdevs_lock_first_adds_an_edge_that_contradicts_the_document() -> None:
    before, after = of("2026/unbind+B6=out"), of("2026/unbind+B6=out+demos/handler_lock.py:V1")
    assert (before.those("contradicts"), before.graph.cycle(), after.graph.cycle()) == ((), None, None)
    (hook, ref) = after.beyond(before)
    assert (hook.pair, hook.reading, hook.standing) == (("mdevs_lock", "pqap_hook_rwsem"), True, "contradicts")
    assert (hook.witness.by.context, hook.functions[-2:]) == ("vm0.vcpu0", ("lock_first", "handle_pqap"))
    assert (ref.pair, ref.standing) == (("mdevs_lock", "ref_lock"), "documented")
    assert before.beyond(after) == ()


def test_the_version_that_keeps_the_order_contradicts_nothing() -> None:
    after = of("2026/unbind+B6=out+demos/handler_lock.py:V2")
    assert ("pqap_hook_rwsem", "mdevs_lock") in pairs(after)
    assert after.those("contradicts") == ()


def test_before_5_13_the_edges_of_the_cycle_are_seen_and_not_documented() -> None:
    found = of("5.12/pv-switch")
    assert {edge.pair: edge.standing for edge in found.edges} == {
        ("kvm_lock", "sie"): "undocumented",
        ("kvm_lock", "vcpu_mutex"): "documented",
        ("matrix_lock", "kvm_lock"): "undocumented",
        ("matrix_lock", "sie"): "undocumented",
        ("notifier_rwsem", "kvm_lock"): "documented",
        ("notifier_rwsem", "matrix_lock"): "documented",
        ("notifier_rwsem", "sie"): "undocumented",
        ("vcpu_mutex", "matrix_lock"): "undocumented",
    }
    cycle = found.graph.cycle()
    assert cycle is not None
    assert [edge.held for edge in cycle] == ["kvm_lock", "vcpu_mutex", "matrix_lock"]
    assert found.direct == found.edges  # nothing follows from the others in a circle
    assert found.uncontended == ("notifier_rwsem", "sie")


def test_what_a_handler_takes_and_what_is_held_where_one_may_come_is_told_and_no_edge() -> None:
    before, after = of("2026/stale-restore"), of("2026/stale-restore+restore_locked")
    assert [(one.taken_in("hardirq"), one.held_with_on("hardirq")) for one in (before, after)] == [
        ((), ("ref_lock",)),
        (("ref_lock",), ("ref_lock",)),
    ]
    assert [edge.pair for edge in after.beyond(before)] == [("gisa_timer", "ref_lock")]
    assert locks_line(after, None).endswith("cycle=yes realised=open complete=yes")
    assert json.loads(locks_json(after, None))["realised"] is None
    shown = locks_text(after, None, Paint()).splitlines()
    assert "  whether it comes about is not looked for: the model has no CPUs, so no" in shown
    assert shown[shown.index("interrupts") :][1:3] == [
        "  taken in a hardirq: ref_lock",
        "  held with hardirqs on: ref_lock",
    ]
    host = of("2026/host-request")  # the tasklet takes the lock of its queue, which is taken with soft interrupts off
    assert (host.taken_in("softirq"), "aq.lock" in host.held_with_on("softirq")) == (("aq.lock",), False)


def test_edges_that_follow_from_others_are_not_direct() -> None:
    found = locks(Case.parse("order/nested", {"order": ERA}))
    assert pairs(found) == [("inner", "spin"), ("outer", "hook"), ("outer", "inner"), ("outer", "spin")]
    assert [edge.pair for edge in found.direct] == [("inner", "spin"), ("outer", "hook"), ("outer", "inner")]


class Guarded(Actor[int]):
    """Its locks are attributes: two of one class, another one, and none."""

    pool = (Mutex("p0", lock_class="pool"), Mutex("p1", lock_class="pool"))
    other = Mutex("other")
    none = None

    def initial(self) -> int:
        return 0

    @handler(guarded_by="pool other")
    def both(self, state: int, by: Caller) -> Outcome[int, None]:
        return state, None

    @handler(guarded_by="pool | other")
    def one(self, state: int, by: Caller) -> Outcome[int, None]:
        return state, None

    @handler(guarded_by="other | none")
    def nothing(self, state: int, by: Caller) -> Outcome[int, None]:
        return state, None

    @handler(guarded_by="other none")
    def some(self, state: int, by: Caller) -> Outcome[int, None]:
        return state, None


def test_what_handlers_assert_is_told_by_class_and_an_alternative_without_a_lock_asserts_nothing() -> None:
    async def idle() -> None:
        pass

    actors = (Guarded("data"), *Guarded.pool, Guarded.other)
    model = Model(System(actors, (Context("c", idle),)), (), (), ())
    era = Era("e", "", (), {"s": Scenario("s", "", "", (), lambda settings: model)})
    assert locks(Case.parse("e/s", {"e": era})).asserted == {
        "other": ("Guarded.some",),
        "pool and other": ("Guarded.both",),
        "pool or other": ("Guarded.one",),
    }


@pytest.mark.parametrize(
    ("reference", "chain"),
    [
        ("5.15/regroup", ("kvm_vfio_lock", "notifier_rwsem", "kvm_lock", "matrix_lock")),
        ("5.15/regroup", ("dev_set_lock", "notifier_rwsem")),
        ("6.2/regroup", ("kvm_vfio_lock", "group_lock")),
        ("2026/regroup", ("kvm_vfio_lock", "kvm_ref_lock")),
    ],
)
def test_kvm_vfio_comes_first_and_the_chain_of_notifiers_before_what_they_take(
    reference: str, chain: tuple[str, ...]
) -> None:
    found = of(reference)
    assert set(pairwise(chain)) <= set(pairs(found))
    assert (found.those("contradicts"), found.graph.cycle()) == ((), None)
