"""A cycle in the lock order as a verdict, as `aprt locks` and as an explanation tell whether it is real."""

from __future__ import annotations

import json

from aprt.core.lock_order import around
from aprt.core.properties import Property
from aprt.core.system import System
from aprt.explore.result import Bounds
from aprt.kernel.rules import LOCK_ORDER
from aprt.verdict.ask import ask
from aprt.verdict.cause import cause
from aprt.verdict.locks import Locks, locks
from aprt.verdict.realised import realised_by
from aprt.verdict.search import Search
from aprt.verdict.verdict import Verdict
from aprt.view.cause_text import why_lines
from aprt.view.locks_text import locks_json, locks_line, locks_text
from aprt.view.paint import Paint
from aprt.view.verdict_json import verdict_object
from aprt.view.verdict_text import verdict_text
from tests.detect.test_interrupts import interrupted, plain
from tests.explore.programs.lock_order import either
from tests.explore.programs.locking import nested
from tests.verdict.cases import case_of, recording_of

NEVER = "never realised in all 24 states: under the gate lock G, only one context at a time makes an edge of it"


def asked(system: System, property: Property = LOCK_ORDER) -> Verdict:
    return ask(case_of(system, property))


def told(verdict: Verdict) -> str:
    return " ".join(verdict_text(verdict, Paint()).split())


def one_line(found: Locks) -> str:
    return " ".join(locks_text(found, None, Paint()).split())


def test_a_verdict_names_the_gate_lock_under_which_a_cycle_is_never_real() -> None:
    verdict = asked(nested("GAB", "GBA"))
    assert verdict.word == "VIOLATED"  # by the rule: the gate is not part of it
    assert NEVER in told(verdict)
    (finding,) = verdict_object(verdict)["findings"]
    assert (finding["realised"]["schedule"], finding["realised"]["gates"]) == (None, ["G"])
    assert finding["realised"]["complete"]


def test_without_the_gate_the_verdict_has_a_schedule_that_trio_has_replayed() -> None:
    verdict = asked(nested("AB", "BA"))
    (finding,) = verdict_object(verdict)["findings"]
    assert finding["realised"]["schedule"] == [["t0", "A.lock"], ["t1", "B.lock"]]
    assert "realised by 2 steps: t0 waits for B, which t1 holds; t1 waits for A, which t0 holds aprt replay " in told(
        verdict
    )
    assert f"aprt replay {finding['realised']['token']}" in told(verdict)


def test_where_each_edge_has_an_execution_of_its_own_the_whole_cycle_is_judged() -> None:
    verdict = asked(either())
    assert len(verdict.shown[0].parts) == 2
    assert "never realised in all 10 states: t alone makes its edges" in told(verdict)


def test_the_lock_order_says_so_too_and_that_a_search_was_cut() -> None:
    found = locks(case_of(nested("GAB", "GBA")))
    assert NEVER in one_line(found)
    assert locks_line(found, None).endswith(" cycle=yes realised=no complete=yes")
    assert json.loads(locks_json(found, None))["realised"]["gates"] == ["G"]
    assert locks(case_of(nested("AB", "AB"))).realised is None


def test_of_several_cycles_the_one_that_is_real_comes_first_and_the_others_are_listed() -> None:
    found = locks(case_of(nested("GAB", "GBA", "CD", "DC"), LOCK_ORDER))
    shown = locks_text(found, None, Paint()).splitlines()
    start = shown.index("cycle")
    assert shown[start : start + 4] == [
        "cycle",
        "  possible circular locking dependency: C -> D -> C",
        "  realised by 2 steps: t2 waits for D, which t3 holds; t3 waits for C,",
        "    which t2 holds",
    ]
    assert "  also: possible circular locking dependency: A -> B -> A" in shown
    assert "  aprt explore of/it --property P20 --stop-on all" in shown
    assert locks_line(found, None).endswith(" cycle=yes realised=yes complete=yes")
    data = json.loads(locks_json(found, None))
    titles = [f"possible circular locking dependency: {cycle}" for cycle in ("C -> D -> C", "A -> B -> A")]
    assert (data["cycle"], data["cycles"], data["realised"]["cycle"]) == (titles[0], titles, titles[0])


def test_a_verdict_on_all_cycles_tells_which_one_is_real_if_not_the_one_that_it_shows() -> None:
    case = case_of(nested("GAB", "GBA", "CD", "DC"), LOCK_ORDER)
    verdict = ask(case, search=Search(stop_on="all"))
    assert "in nest() another cycle comes about: C -> D -> C realised by 2 steps: t2 waits for" in told(verdict)
    (finding,) = verdict_object(verdict)["findings"]
    assert finding["text"] == "possible circular locking dependency: A -> B -> A"
    assert finding["realised"]["cycle"] == "possible circular locking dependency: C -> D -> C"
    gated = case_of(nested("GAB", "GBA", "HCD", "HDC"), LOCK_ORDER)
    none = "makes an edge of it nor does any other cycle come about"
    assert none in told(ask(gated, search=Search(stop_on="all")))
    assert none.split(" nor ")[0] in told(ask(gated))
    assert none not in told(ask(gated))  # the search ended at this one


def test_none_is_realised_only_if_no_circle_through_any_of_their_edges_is() -> None:
    longer = locks(case_of(nested("GAB", "GBA", "HBC", "HCB", "ICA", "IAC")))
    assert [around(cycle) for cycle in longer.cycles] == [
        "A -> B -> C -> A",
        "A -> B -> A",
        "A -> C -> A",
        "B -> C -> B",
    ]
    assert locks_line(longer, None).endswith(" cycle=yes realised=yes complete=yes")
    never = locks(case_of(nested("GAB", "GBA", "HCD", "HDC")))
    assert "makes an edge of it nor does any other cycle come about also: possible" in one_line(never)
    assert locks_line(never, None).endswith(" cycle=yes realised=no complete=yes")
    cut = locks(case_of(nested("GAB", "GBA", "HCD", "HDC")), Bounds(max_states=500))
    assert locks_line(cut, None).endswith(" cycle=yes realised=open complete=no")


def test_a_cycle_that_needs_an_interrupt_leaves_it_open_whether_one_is_realised() -> None:
    gated, handled = nested("GAB", "GBA"), interrupted(plain)
    found = locks(case_of(System((*gated.actors, *handled.actors), (*gated.contexts, *handled.contexts))))
    text = one_line(found)
    assert "other cycle without interrupts come about whether one with interrupts comes about is not looked" in text
    assert "keeps anybody waiting also: inconsistent lock state: a is taken in a hardirq" in text
    assert locks_line(found, None).endswith(" cycle=yes realised=open complete=yes")


def test_an_explanation_of_a_cycle_says_whether_it_is_real() -> None:
    case = case_of(nested("GAB", "GBA"), LOCK_ORDER)
    finding = ask(case).shown[0].finding
    recording = recording_of(case, finding.schedule)
    assert cause(recording, finding) is None
    why = realised_by(recording, finding)
    assert why is not None
    assert why_lines(why, None) == [
        "Why",
        "cycle       never realised in all 24 states: under the gate lock G, only",
        "              one context at a time makes an edge of it",
    ]
    (part, _) = finding.each()
    assert realised_by(recording, part) is None
