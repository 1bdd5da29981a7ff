"""aprt diff: what a fix removes, what it adds, and where a schedule of one side leaves what the other can do."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import NoReturn

import attrs
import pytest

from aprt.core.errors import UnknownProperty, UserError
from aprt.explore.result import Bounds, Progress
from aprt.verdict.case import Case
from aprt.verdict.difference import difference
from aprt.vfio_ap.eras import ERAS as REAL
from aprt.view.difference_text import difference_json, difference_text
from aprt.view.paint import Paint
from tests.toy import ERAS, watched
from tests.verdict import registration


def case(text: str) -> Case:
    toy = ERAS["toy"]
    scenario = attrs.evolve(toy.scenarios["lost-update"], build=watched, properties=("T1",))
    return Case.parse(text, {"toy": attrs.evolve(toy, scenarios={"lost-update": scenario})})


BUG, FIXED, WRONG = "toy/lost-update", "toy/lost-update+locked", "toy/lost-update+locked+forget_unlock"


def changes(before: str, after: str) -> dict[str, str]:
    return {outcome.id: outcome.change for outcome in difference(case(before), case(after)).outcomes}


def test_a_fix_removes_what_it_is_for() -> None:
    assert changes(BUG, FIXED) == {"T1": "removed", "deadlock": "holds"}


def test_a_search_that_is_interrupted_ends_the_comparison_where_nobody_else_would_hear_of_it() -> None:
    before, after = (Case.parse(text, ERAS) for text in ("toy/large", "toy/large+atomic"))

    def interrupt(progress: Progress) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        difference(before, after, report=interrupt)
    assert difference(before, after, report=interrupt, interruptible=nullcontext()).before.interrupted


def test_a_wrong_fix_adds_a_deadlock() -> None:
    found = difference(case(FIXED), case(WRONG))
    assert [outcome.id for outcome in found.those("added")] == ["deadlock"]
    assert found.complete
    (added,) = found.those("added")
    assert added.after is not None
    assert added.after.finding.text == "b waits for mutex.lock"


def test_the_order_of_registration_and_a_fix_of_it_that_turns_two_locks_round() -> None:
    buggy, fixed, wrong = (
        Case.parse(f"irq/remove+order={order}", {"irq": registration.ERA}) for order in registration.ORDERS
    )
    right = difference(buggy, fixed)
    assert {outcome.id: outcome.change for outcome in right.outcomes} == {"UAF": "removed", "deadlock": "holds"}
    assert right.complete
    (added,) = difference(fixed, wrong).those("added")
    assert added.after is not None
    assert (added.id, added.after.finding.text) == (
        "deadlock",
        "irq waits for driver_lock.lock, remove waits for desc_lock.lock",
    )
    both = difference(buggy, wrong)
    assert {outcome.id: outcome.change for outcome in both.outcomes} == {"UAF": "removed", "deadlock": "added"}


def test_what_is_in_both_is_unchanged() -> None:
    assert changes(BUG, BUG) == {"T1": "unchanged", "deadlock": "holds"}


def test_a_witness_says_where_the_other_side_does_something_else() -> None:
    (removed,) = difference(case(BUG), case(FIXED)).those("removed")
    parting = removed.parting
    assert parting is not None
    assert (parting.step, str(parting.wanted)) == (0, "a: counter.load")
    assert parting.offered == ("a: mutex.lock", "b: mutex.lock")


def test_a_side_that_was_not_searched_to_the_end_is_not_called_fixed() -> None:
    found = difference(case(BUG), case(FIXED), bounds=Bounds(max_states=3))
    assert not found.complete
    assert {outcome.id: outcome.change for outcome in found.outcomes} == {"T1": "unknown", "deadlock": "unknown"}
    text = difference_text(found, Paint(False))
    assert "? T1         not found  not found" in text
    assert text.endswith("removed=- added=- unchanged=- complete=no")


def test_the_table_and_the_json_say_the_same() -> None:
    found = difference(case(BUG), case(WRONG))
    text, data = difference_text(found, Paint(False)), json.loads(difference_json(found))
    assert text.splitlines()[-1] == (
        "aprt: DIFF before=toy/lost-update after=toy/lost-update+locked+forget_unlock removed=- unexercised=T1 "
        "added=deadlock unchanged=- complete=yes"
    )
    assert max(map(len, text.splitlines()[:-1])) <= 75
    assert {o["property"]: o["change"] for o in data["outcomes"]} == {"T1": "unexercised", "deadlock": "added"}
    assert data["schema"] == "aprt.diff/1"


def test_scenarios_of_which_the_first_one_s_properties_make_no_sense_in_the_other_are_not_compared() -> None:
    one, other = (Case.parse(text, REAL) for text in ("v4/h3", "2026/host-no-irq"))
    with pytest.raises(UserError) as caught:
        difference(one, other)
    assert str(caught.value) == (
        "2026/host-no-irq knows none of the properties of v4/h3 (P1); ask for others with --property"
    )
    found = difference(one, other, ("deadlock",))
    assert (found.one_scenario, [outcome.id for outcome in found.outcomes]) == (False, ["deadlock"])
    with pytest.raises(UnknownProperty) as unknown:
        difference(one, other, ("P1",))
    assert (unknown.value.id, unknown.value.where) == ("P1", "2026/host-no-irq")
