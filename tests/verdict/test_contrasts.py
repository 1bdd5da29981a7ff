"""Contrasts are met when the right thing is found on one side, and not on the other in a complete search."""

from collections.abc import Mapping

import attrs
import pytest

from aprt.cli import known_eras
from aprt.cli.cases import case_finder
from aprt.core.contrast import Contrast
from aprt.core.errors import UserError
from aprt.core.question import Question, Row
from aprt.core.scenario import Era
from aprt.core.switch import FLAG, Switch
from aprt.explore.parallel.local import LocalCrew
from aprt.explore.result import UNBOUNDED, Bounds
from aprt.verdict.contrasts import Checked, check_many
from aprt.verdict.era_matrix import Entered, era_matrix, questions, reference_in
from aprt.verdict.hunt import STRATEGIES, hunt
from tests.toy import ERAS, TOY

LOST = Contrast("toy/lost-update", "toy/lost-update+locked", "T1", "counter is *")
ABBA = Contrast("toy/abba", "toy/abba+same_order", "T3")


def known_toys() -> Mapping[str, Era]:
    return ERAS


FIND = case_finder(known_toys)


def check(contrast: Contrast, bounds: Bounds = UNBOUNDED) -> Checked:
    (checked,) = check_many({"one": contrast}, FIND, bounds)
    return checked


def test_a_contrast_is_met_when_its_finding_is_on_one_side_only() -> None:
    checked = check(LOST)
    assert (checked.met, checked.failures, checked.observations) == (True, (), ())
    assert list(map(str, checked.buggy.findings)) == ["T1: counter is 1"]
    token = checked.buggy.findings[0].token
    assert token is not None
    assert token.startswith("aprt2:toy/lost-update:")
    assert (checked.fixed.word, checked.fixed.complete, checked.fixed.findings) == ("HOLDS", True, ())


@pytest.mark.parametrize(
    ("contrast", "failure"),
    [
        (Contrast("toy/lost-update", "toy/lost-update+locked", "T2"), "T2 is not violated without the fix (HOLDS)"),
        (
            Contrast("toy/lost-update", "toy/lost-update+locked", "T1", "counter is 7"),
            "another finding without the fix: T1: counter is 1",
        ),
        (Contrast("toy/lost-update+atomic", "toy/tidy", "T1"), "T1 is not violated without the fix (HOLDS)"),
        (Contrast("toy/abba", "toy/abba+locked", "T3"), "still found with the fix: each waits for the other"),
        (
            Contrast("toy/lost-update", "toy/lost-update+threads=3", "T1", "counter is *"),
            "still found with the fix: counter is 2",
        ),
    ],
    ids=["wrong property", "other words", "nothing to find", "no fix", "not gone"],
)
def test_a_contrast_with_something_wrong_in_it_is_not_met(contrast: Contrast, failure: str) -> None:
    checked = check(contrast)
    assert (checked.met, checked.failures) == (False, (failure,))


def test_words_that_are_found_later_on_the_fixed_side_count_too() -> None:
    later = check(Contrast("toy/lost-update+threads=4", "toy/lost-update+threads=4", "T1", "counter is 3"))
    assert later.failures[-1] == "still found with the fix: counter is 3"


def test_a_search_that_did_not_end_shows_nothing() -> None:
    checked = check(LOST, Bounds(max_states=10))
    assert checked.failures[-1] == "not everything was searched with the fix (states: 10)"


def test_what_else_is_violated_with_the_fix_is_an_observation() -> None:
    checked = check(Contrast("toy/lost-update", "toy/lost-update+threads=3", "T1", "counter is 7"))
    assert list(map(str, checked.observations)) == ["T1: counter is 2", "T1: counter is 1"]
    shown, seen = checked.observations
    assert shown.token is not None  # the search keeps a schedule per property
    assert seen.token is None
    assert checked.failures == ("another finding without the fix: T1: counter is 1",)


def test_what_does_not_exist_is_a_users_mistake() -> None:
    with pytest.raises(UserError, match="unknown property 'T9'"):
        check(Contrast("toy/abba", "toy/abba+same_order", "T9"))
    with pytest.raises(UserError, match="unknown switch 'same'"):
        check(Contrast("toy/abba", "toy/abba+same", "T3"))


def test_a_crew_says_what_one_process_says() -> None:
    def told(checked: Checked) -> tuple[object, ...]:
        return checked.name, checked.met, checked.buggy.states, checked.buggy.findings, checked.fixed.states

    contrasts = {"lost": LOST, "abba": ABBA}
    with LocalCrew(2) as crew:
        together = {told(checked) for checked in check_many(contrasts, FIND, UNBOUNDED, crew)}
    assert together == {told(checked) for checked in check_many(contrasts, FIND, UNBOUNDED)}


def entered(rows: Mapping[str, Contrast], eras: Mapping[str, Era], bounds: Bounds = UNBOUNDED) -> list[Entered]:
    asked = questions((Row(name, (contrast.question,)) for name, contrast in rows.items()), eras)
    return list(era_matrix(asked, case_finder(lambda: eras), bounds))


def test_the_matrix_asks_each_era_as_it_is() -> None:
    contrasts = {"lost": Contrast("toy/lost-update+threads=3", "toy/lost-update+locked+threads=3", "T1"), "abba": ABBA}
    cells = {(one.name, one.cell, one.seen.reference) for one in entered(contrasts, ERAS)}
    assert cells == {("lost", "has it", "toy/lost-update+threads=3"), ("abba", "has it", "toy/abba")}
    held = {"tidy": Contrast("old/tidy", "toy/tidy", "T1")}
    assert [one.cell for one in entered(held, ERAS)] == ["has it not"]
    assert [one.cell for one in entered(held, ERAS, Bounds(max_states=3))] == ["open"]


def test_a_question_is_that_of_the_contrast_without_what_is_the_fix() -> None:
    contrast = Contrast("toy/lost-update+slow+threads=3", "toy/lost-update+locked+threads=3", "T1", "counter is *")
    assert contrast.question == Question("lost-update+threads=3", "T1", "counter is *")
    assert (contrast.question.name, contrast.question.words) == ("lost-update", ("threads=3",))
    assert contrast.question.says("T1", "counter is 2")
    assert not contrast.question.says("T3", "counter is 2")


def test_an_era_without_the_scenario_a_switch_of_it_or_the_property_is_not_asked() -> None:
    assert reference_in(TOY, Question("xyzzy", "T3")) is None
    assert reference_in(TOY, Question("abba+magic", "T3")) is None
    assert reference_in(TOY, Question("abba", "T1")) is None
    assert reference_in(TOY, Question("abba+threads=2", "T3")) == "toy/abba"


def test_of_several_questions_the_first_that_can_be_asked_is_and_none_where_the_row_says_why() -> None:
    old = attrs.evolve(TOY, name="old")
    row = Row("one", (Question("xyzzy", "T3"), Question("abba", "T3"), Question("tidy", "T1")))
    assert [one.reference for one in questions([row], {"toy": TOY, "old": old})] == ["toy/abba", "old/abba"]
    silent = attrs.evolve(row, unasked={"old": "it is old"})
    assert [one.reference for one in questions([silent], {"toy": TOY, "old": old})] == ["toy/abba"]


def test_a_hunt_counts_schedules_to_the_first_hit() -> None:
    never = Contrast("toy/lost-update", "toy/lost-update+locked", "T1", "counter is 7")
    (lost, none) = hunt({"lost": LOST, "none": never}, FIND, 8.0, seed=3)
    assert (lost.found, none.found) == (True, False)
    assert [one.strategy for one in lost.tries] == list(STRATEGIES)
    assert all(one.effort is None or 1 <= one.effort <= 20 for one in lost.tries)
    assert {one.effort for one in none.tries} == {None}


def test_a_cell_that_contradicts_the_eras_fix_is_surprising() -> None:
    fix = Switch("locked", "fix", ("in", "out"), "the update holds a mutex", ("B90",))
    switches = (fix, *(switch for switch in TOY.switches if switch.name != "locked"))
    new = attrs.evolve(TOY, name="new", switches=switches, groups={})
    eras = {"new": new, "old": attrs.evolve(new, name="old", switches=(attrs.evolve(fix, values=FLAG), *switches[1:]))}
    contrasts = {
        "B90": Contrast("new/lost-update+B90=out", "new/lost-update", "T1"),
        "B91": Contrast("new/abba", "new/abba+same_order", "T3"),
    }
    cells = {(one.name, one.era): one for one in entered(contrasts, eras)}
    assert {key: (one.cell, one.fixed, one.surprising) for key, one in cells.items()} == {
        ("B90", "new"): ("has it not", True, False),
        ("B90", "old"): ("has it", False, False),
        ("B91", "new"): ("has it", None, False),
        ("B91", "old"): ("has it", None, False),
    }
    lost = attrs.evolve(cells["B90", "new"], cell="has it"), attrs.evolve(cells["B90", "old"], cell="has it not")
    assert [one.surprising for one in lost] == [True, True]


def test_what_no_schedule_can_show_is_found_among_the_states() -> None:
    (hunted,) = hunt({"B10": Contrast("v4/end-listed", "v4/end-listed+B10", "P33")}, case_finder(known_eras), 4.0, 0)
    assert [(one.strategy, one.executions, one.effort) for one in hunted.tries if one.hit] == [("states", 0, 5)]
    assert {one.strategy: one.executions for one in hunted.tries}["dpor"] == 0
