"""The text of `aprt diff`: a table for a cover letter, and for what changed a witness and where it parts."""

from __future__ import annotations

from aprt.core.schedule import Label
from aprt.verdict.case import Case
from aprt.verdict.difference import Parting, difference
from aprt.view.difference_text import difference_text, instead
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
        "",
        "removed T1: counter is 1",
        "  before: 4 steps",
        "  aprt replay aprt2:toy/lost-update:sAPCnQd6VOgzHrHHrA",
        "  after: differs at step 1: a does mutex.lock, and not counter.load",
        "",
        "aprt: DIFF before=toy/lost-update after=toy/lost-update+locked removed=T1 added=- unchanged=- complete=yes",
    ]


def test_where_a_context_cannot_go_on_others_are_named() -> None:
    parting = Parting(3, Label("a", "x.get", 2), ("b: x.put", "c: x.put"))
    assert instead(parting) == "a cannot do x.get #2, nor go on; what can be done: b: x.put, c: x.put"
    assert instead(Parting(3, Label("a", "x.get"), ())) == (
        "a cannot do x.get, nor go on; what can be done: nothing at all"
    )
