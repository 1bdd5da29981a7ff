"""P20: cycles in the lock order of all executions together, whether or not any of them deadlocks."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from aprt import DEADLOCK, Alike, System, explore
from aprt.core.finding import Finding
from aprt.core.schedule import Schedule
from aprt.explore.conflicts.lock_cycles import with_cycle
from aprt.explore.replay import replay
from aprt.explore.result import Bounds, Question
from aprt.explore.saved.file import SaveFile
from aprt.explore.stateful import states
from aprt.kernel.rules import LOCK_ORDER, RULES
from tests.explore.programs import lock_order as programs
from tests.explore.programs.locking import dining, nested

COMPLETE = ("states", "dpor", "dpor:source", "reduced", "auto")
DRAWN = ("random", "urw", "pos", "pct", "portfolio", "delay")


def cycle(system: System, strategy: str = "states") -> str | None:
    """The title of the finding of a whole search, less what all titles say."""
    found = explore(system, (LOCK_ORDER,), strategy=strategy, stop_on="all", runs=100)
    assert found.stopped is None or strategy in DRAWN
    titles = [finding.text.removeprefix("possible circular locking dependency: ") for finding in found.findings]
    return titles[0] if titles else None


def deadlocks(system: System) -> bool:
    found = explore(system, (DEADLOCK,))
    return bool(found.findings)


def parts(finding: Finding) -> list[tuple[str, list[str]]]:
    return [(part.text, [f"{label.context}: {label.op}" for label in part.schedule]) for part in finding.parts]


def test_a_gate_lock_prevents_the_deadlock_and_not_the_finding() -> None:
    system = nested("GAB", "GBA")
    assert not deadlocks(system)
    (finding,) = explore(system, (LOCK_ORDER,)).findings
    assert (finding.property, finding.text) == ("P20", "possible circular locking dependency: A -> B -> A")
    first = ["t0: G.lock", "t0: A.lock"]
    between = [f"t0: {name}" for name in ("B.lock", "B.unlock", "A.unlock", "G.unlock")]
    assert parts(finding) == [
        ("t0 holds A and asks for B in nest()", first),
        ("t1 holds B and asks for A in nest()", [*first, *between, "t1: G.lock", "t1: B.lock"]),
    ]
    assert finding.is_whole()
    assert finding.schedule == finding.parts[1].schedule


def test_three_locks_and_three_contexts_no_two_of_which_can_deadlock() -> None:
    orders = ("AB", "BC", "CA")
    assert not any(deadlocks(nested(one, other)) for one in orders for other in orders if one != other)
    assert cycle(nested(*orders)) == "A -> B -> C -> A"
    assert cycle(nested("GAB", "GBC", "GCA")) == "A -> B -> C -> A"
    assert not deadlocks(nested("GAB", "GBC", "GCA"))


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (nested("ABC", "ABC", "BC"), None),
        (nested("ABC", "CA"), "A -> C -> A"),
        (dining(3), "fork0 -> fork1 -> fork2 -> fork0"),
        (dining(3, left_handed=1), None),
        (programs.readers(), None),
        (programs.readers(writer=True), "A -> B -> A"),
        (programs.readers(writes_first=True), None),
        (programs.trylocks(trying=True), None),
        (programs.trylocks(trying=False), "A -> B -> A"),
        (programs.tried_first(), "A -> B -> A"),
        (programs.flagged(), "kvm_busy -> kvm_lock -> vcpu_mutex -> kvm_busy"),
        (programs.flagged(declared=False), None),
        (programs.flagged(kvm_first=True), None),
        (programs.flushed(), "lock -> work -> lock"),
        (programs.flushed(twice=True), "lock -> work -> lock"),
        (programs.flushed(under=False), None),
        (programs.cancelled(under=True), "lock -> timer -> lock"),
        (programs.cancelled(under=False), None),
        (programs.promised(under=True), "done -> lock -> done"),
        (programs.promised(under=False), None),
        (programs.removed(under=True), "guests_lock -> status -> guests_lock"),
        (programs.removed(under=False), None),
        (programs.of_one_class(nested=False), "possible recursive locking: device_lock -> device_lock"),
        (programs.of_one_class(nested=True), None),
        (programs.either(), "A -> B -> A"),
        (programs.itself(), None),
    ],
)
def test_all_strategies_agree_on_the_cycle(system: System, expected: str | None) -> None:
    for strategy in (*COMPLETE, *DRAWN):
        assert cycle(system, strategy) == expected, strategy


def test_a_flag_hides_a_deadlock_from_those_who_look_at_locks_only() -> None:
    assert deadlocks(programs.flagged())
    assert not deadlocks(programs.flagged(kvm_first=True))


def test_a_lock_that_its_holder_asks_for_is_k1_and_no_cycle() -> None:
    found = explore(programs.itself(), RULES, stop_on="all")
    assert [finding.property for finding in found.findings] == ["K1"]


def test_where_no_execution_shows_the_whole_cycle_each_edge_has_its_own() -> None:
    (finding,) = explore(programs.either(), (LOCK_ORDER,)).findings
    assert not finding.is_whole()
    assert parts(finding) == [
        ("t holds A and asks for B in choose_order()", ["t: choose order=AB", "t: A.lock"]),
        ("t holds B and asks for A in choose_order()", ["t: choose order=BA", "t: B.lock"]),
    ]


def test_a_last_reference_dropped_under_a_lock_that_the_destructor_takes_is_p21_and_k1() -> None:
    found = explore(programs.put_under_lock(), (*RULES, DEADLOCK), stop_on="all")
    assert {finding.property: finding.text for finding in found.findings} == {
        "K1": "closer locks group_lock, which it already holds",
        "P20": "possible circular locking dependency: group_lock -> vm.destroy -> group_lock",
        "P21": "closer dropped the last reference under group_lock, which vm.destroy needs",
    }
    for safe in (programs.put_under_lock(closer=False), programs.put_under_lock(destroyer=False)):
        found = explore(safe, (*RULES, DEADLOCK), stop_on="all")
        assert (found.complete, found.findings) == (True, ())


def test_where_no_execution_has_the_put_and_the_destructor_under_one_lock_the_cycle_is_found_all_the_same() -> None:
    (finding,) = explore(programs.last_put_or_destructor(), RULES, stop_on="all").findings
    assert finding.property == "P20"
    assert [part.text for part in finding.parts] == [
        "closer holds group_lock and begins vm.destroy in close()",
        "closer holds vm.destroy and asks for group_lock in close()",
    ]


@pytest.mark.parametrize("strategy", [*COMPLETE, *DRAWN])
def test_each_edge_comes_with_a_schedule_after_which_a_context_asks_for_it(strategy: str) -> None:
    for system in (nested("GAB", "GBC", "GCA"), programs.either(), programs.flushed()):
        (finding,) = explore(system, (LOCK_ORDER,), strategy=strategy, runs=100).findings
        shown = (finding,) if finding.is_whole() else finding.each()
        for part in shown:
            assert replay(system, part.schedule, (part.exactly(LOCK_ORDER),)).findings == (part,)


def test_one_execution_with_all_edges_shows_the_cycle_by_itself() -> None:
    system = nested("AB", "BA")
    order = [("t0", "A.lock"), ("t0", "B.lock"), ("t0", "B.unlock"), ("t0", "A.unlock"), ("t1", "B.lock")]
    (finding,) = replay(system, Schedule.of(order), (LOCK_ORDER,)).findings
    assert finding.text == "possible circular locking dependency: A -> B -> A"
    assert parts(finding) == [
        ("t0 holds A and asks for B in nest()", ["t0: A.lock"]),
        ("t1 holds B and asks for A in nest()", [f"{context}: {op}" for context, op in order]),
    ]


def test_the_first_cycle_ends_a_search_that_is_to_stop_at_the_first_finding() -> None:
    whole = explore(nested("AB", "BA", "CD", "DC"), (LOCK_ORDER,), stop_on="all")
    first = explore(nested("AB", "BA", "CD", "DC"), (LOCK_ORDER,))
    assert (whole.complete, first.complete, first.stopped) == (True, False, "violation")
    assert first.states < whole.states
    assert first.findings == whole.findings


def test_symmetry_finds_a_cycle_of_like_members() -> None:
    system = nested("AB", "BA")
    alike = System(system.actors, system.contexts, symmetry=(Alike((("t0", "A"), ("t1", "B"))),))
    found = explore(alike, (LOCK_ORDER,), symmetry=True)
    assert [finding.text for finding in found.findings] == ["possible circular locking dependency: A -> B -> A"]
    assert found.complete


def test_a_property_about_lock_order_is_exercised_when_locks_nest() -> None:
    assert explore(nested("A", "A"), (LOCK_ORDER,)).unexercised == ("P20",)
    assert explore(nested("AB", "AB"), (LOCK_ORDER,)).unexercised == ()


@pytest.mark.parametrize("strategy", COMPLETE)
def test_a_lock_that_is_only_taken_under_another_is_never_waited_for(strategy: str) -> None:
    for orders, contended in ((("AB", "AB"), {"A"}), (("AB", "BA"), {"A", "B"}), (("A", "B"), set())):
        order = explore(nested(*orders), (LOCK_ORDER,), strategy=strategy, stop_on="all").lock_order
        assert order is not None
        assert (order.used, order.contended) == ({"A", "B"}, contended), orders


def test_a_cycle_that_was_met_and_is_not_shown_leaves_the_answer_open() -> None:
    question = Question(nested("AB", "BA"), (LOCK_ORDER,), stop_on="all")
    found = states.search(question)
    assert found.complete
    spent = attrs.evolve(question, bounds=Bounds(budget=0.0))
    halted = attrs.evolve(question, halt=lambda: True)
    assert [with_cycle(one, found, states.search).stopped for one in (spent, halted)] == ["unshown", "interrupted"]
    (shown,) = with_cycle(question, found, states.search).findings
    assert shown.property == "P20"


@pytest.mark.parametrize("strategy", ["states", "dpor"])
def test_a_search_that_is_kept_in_a_file_shows_its_cycle(strategy: str, tmp_path: Path) -> None:
    with SaveFile(tmp_path / "search", {"of": "a test"}) as file:
        kept = explore(nested("AB", "BA"), (LOCK_ORDER,), strategy=strategy, save=file)
    assert kept.findings == explore(nested("AB", "BA"), (LOCK_ORDER,), strategy=strategy).findings != ()
