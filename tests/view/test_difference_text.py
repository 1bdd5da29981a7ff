"""The text of `aprt diff`: a table for a cover letter, and a witness for each outcome, with where it parts."""

from __future__ import annotations

import json

from aprt.cli import known_eras
from aprt.core.schedule import Label
from aprt.verdict.case import Case
from aprt.verdict.difference import Parting, difference
from aprt.view.difference_text import difference_json, difference_object, difference_text, instead
from aprt.view.differences import Differences
from aprt.view.paint import Paint
from tests.toy import ERAS


def told(before: str, after: str) -> list[str]:
    return difference_text(difference(Case.parse(before, ERAS), Case.parse(after, ERAS)), Paint()).splitlines()


def test_a_fix_is_told_with_what_it_removes_and_where_the_way_there_ends() -> None:
    assert told("toy/lost-update", "toy/lost-update+locked") == [
        "before  toy/lost-update  (12 states, complete)",
        "after   toy/lost-update+locked  (16 states, complete)",
        "",
        "             before     after",
        "- T1         VIOLATED   holds      no update is lost",
        "marks: - gone",
        "not asked about: 1 other property (--property all)",
        "",
        "removed T1: counter is 1",
        "  before: 4 steps",
        "  aprt replay aprt2:toy/lost-update:sAPCnQd6VOgzHrHHrA",
        "  after: differs at step 0: a does mutex.lock, and not counter.load",
        "",
        "aprt: DIFF before=toy/lost-update after=toy/lost-update+locked removed=T1 added=- unchanged=- complete=yes",
    ]


def test_where_a_context_cannot_go_on_others_are_named() -> None:
    parting = Parting(3, Label("a", "x.get", 2), ("b: x.put", "c: x.put"))
    assert instead(parting) == "a cannot do x.get #2, nor go on; what can be done: b: x.put, c: x.put"
    assert instead(Parting(3, Label("a", "x.get"), ())) == (
        "a cannot do x.get, nor go on; what can be done: nothing at all"
    )


def test_what_is_unchanged_has_a_witness_too() -> None:
    assert told("toy/lost-update", "toy/lost-update+memory=tso")[4:-1] == [
        "! T1         VIOLATED   VIOLATED   no update is lost",
        "marks: ! violated on both sides",
        "not asked about: 1 other property (--property all)",
        "",
        "unchanged T1: counter is 1",
        "  before: 4 steps",
        "  aprt replay aprt2:toy/lost-update:sAPCnQd6VOgzHrHHrA",
        "  after: the same in 4 steps",
        "",
    ]


def test_what_is_violated_in_other_numbers_is_the_same_with_the_words_of_each_side() -> None:
    assert told("toy/lost-update", "toy/lost-update+threads=3")[3:-1] == [
        "             before     after",
        "! T1         VIOLATED   VIOLATED   no update is lost",
        "marks: ! violated on both sides",
        "not asked about: 1 other property (--property all)",
        "",
        "unchanged T1: counter is 1",
        "  before: 4 steps",
        "  aprt replay aprt2:toy/lost-update:sAPCnQd6VOgzHrHHrA",
        "  after, in 6 steps: counter is 2",
        "",
    ]


def test_what_is_violated_otherwise_than_before_is_said_and_has_a_witness_of_each_side() -> None:
    both = Case.parse("v4/rogue-close", known_eras()), Case.parse("v4/kill-qemu", known_eras())
    lines = difference_text(difference(*both, ("P5",)), Paint()).splitlines()
    assert lines[2:6] == [
        "two scenarios: what is different may be what happens, and not the kernel",
        "",
        "             before     after",
        "! P5         VIOLATED   VIOLATED otherwise every pinned page is on the ...",
    ]
    assert lines[6] == "- P9         VIOLATED   holds              software touches only ..."  # it ends executions
    assert lines[7] == "marks: - gone; ! violated on both sides"
    assert [line.partition("aprt2:v4/")[0] for line in lines[-8:-2]] == [
        "unchanged P5, but VIOLATED otherwise",
        "  before, in 26 steps: vm0.vcpu0 ends at vm0.vcpu0.answer with a pin of",
        "    page 0x3 of vm0 that is on no record",
        "  aprt replay ",
        "  after, in 42 steps: page 0x3 of vm0 has 1 pin, 0 on record",
        "  aprt replay ",
    ]


def test_what_holds_after_since_no_step_is_about_it_is_marked() -> None:
    case = Case.parse("v4/h3", known_eras()), Case.parse("v4/h3+all-measures", known_eras())
    found = difference(*case)
    lines = difference_text(found, Paint()).splitlines()
    assert "- P1         VIOLATED   holds*     no interrupt is aimed at a GISA ..." in lines
    assert "* never exercised: no step that it is about is possible there" in lines
    assert f"not asked about: {len(found.unasked)} other properties (--property all)" in lines
    assert {"P2", "P9"} <= {*found.unasked} == {*json.loads(difference_json(found))["unasked"]}
    assert "P1" not in found.unasked
    (outcome,) = (one for one in json.loads(difference_json(found))["outcomes"] if one["property"] == "P1")
    assert (outcome["change"], outcome["unexercised"], outcome["otherwise"]) == ("unexercised", ["after"], None)
    assert "gone P1, never exercised after: 05.0004 is still aimed at vm0.gisa when" in lines
    assert lines[-1].endswith(" removed=- unexercised=P1 added=- unchanged=- complete=yes")


def test_what_ended_executions_before_may_have_hidden_what_is_added() -> None:
    found = difference(*(Case.parse(f"{era}/card-broken", known_eras()) for era in ("5.13", "5.15")))
    assert (found.hiding, json.loads(difference_json(found))["hiding"]) == (("K1",), ["K1"])
    lines = difference_text(found, Paint()).splitlines()
    assert [line for line in lines if "hidden" in line] == [
        "  before: executions end at K1, which may have hidden this"
    ]
    pair = ("5.13/card-broken", "5.15/card-broken")
    many = Differences((pair,), {pair: difference_object(found)})
    assert " added P9, which K1 may have hidden; removed K1" in many.text()
    fixed = difference(*(Case.parse(f"toy/lost-update{more}", ERAS) for more in ("+locked", "")))
    assert (fixed.hiding, "hidden" in difference_text(fixed, Paint())) == ((), False)
