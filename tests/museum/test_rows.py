"""The era matrix: every cell is asked about or says why not, and answers what it is known to answer."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from aprt.cli import known_eras
from aprt.cli.cases import case_finder
from aprt.core.errors import UserError
from aprt.explore.result import UNBOUNDED
from aprt.museum.catalogue import find_entries
from aprt.museum.elsewhere import ELSEWHERE
from aprt.museum.explained import EXPLAINED
from aprt.museum.rows import ROWS, find_rows
from aprt.museum.unasked import UNASKED
from aprt.museum.why import Why
from aprt.verdict.case import Case
from aprt.verdict.contrasts import look
from aprt.verdict.era_matrix import Asked, Entered, era_matrix, questions
from aprt.verdict.search import Search
from aprt.vfio_ap.eras import ERAS

NAMES = [*(f"B{number}" for number in range(1, 53)), *(f"H{number}" for number in range(1, 17))]
FIND = case_finder(known_eras)


@cache
def asked() -> dict[tuple[str, str], Asked]:
    return {(one.name, one.era): one for one in questions(ROWS.values(), ERAS)}


@cache
def answers(*names: str) -> dict[tuple[str, str], Entered]:
    found = era_matrix([one for one in asked().values() if one.name in names], FIND, UNBOUNDED)
    return {(one.name, one.era): one for one in found}


def test_there_is_a_row_for_every_bug_and_every_way() -> None:
    assert list(ROWS) == NAMES


def test_every_cell_is_asked_about_or_says_why_not() -> None:
    silent = {(row.name, era) for row in ROWS.values() for era in row.unasked}
    assert asked().keys() | silent == {(row, era) for row in ROWS for era in ERAS}
    assert not asked().keys() & silent


def test_only_what_can_be_exhibited_alone_is_asked_about_nowhere() -> None:
    assert {row.name for row in ROWS.values() if len(row.unasked) == len(ERAS)} == {"B24"}
    assert set(ROWS["B24"].unasked.values()) == {f"exhibit only: {find_entries('B24')[0].exhibit}"}


@pytest.mark.parametrize("said", [UNASKED, EXPLAINED], ids=["unasked", "explained"])
def test_a_cell_has_one_reason_at_most_and_each_is_about_cells(said: tuple[Why, ...]) -> None:
    cells = Counter((row, era) for why in said for row in why.rows.split() for era in why.eras)
    assert {cell: times for cell, times in cells.items() if times > 1} == {}
    assert {row for row, _ in cells} <= set(ROWS)
    assert all(why.eras for why in said)


def test_what_is_explained_was_asked() -> None:
    assert {(row, era) for why in EXPLAINED for row in why.rows.split() for era in why.eras} <= asked().keys()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_asked_elsewhere_is_asked_of_some_era(name: str) -> None:
    assert any(one.question == ELSEWHERE[name] for one in asked().values() if one.name == name)


def test_rows_are_found_by_number_and_commit() -> None:
    assert [row.name for row in find_rows(["h9", "B8", "9b57e9d5010b", "H9"])] == ["H9", "B8"]
    assert list(find_rows(())) == list(ROWS.values())
    with pytest.raises(UserError, match="'H17' is no entry"):
        find_rows(["H17"])


OF = ("v4", "4.20", "5.3", "5.13", "5.15", "6.0", "6.2", "6.3", "6.6", "2026")
EXPECTED = {  # x: found, -: not there, .: not asked
    "B1": "x.xxxxxx--",
    "B6": "-.--------",
    "B7": "-.x-------",
    "B14": "x.-xxxxx--",
    "B17": "..--xxxxx-",
    "B32": ".....xxxx-",
    "H2": "xx--x-x---",
    "H3": "x.--------",
    "H6": "x----.....",
    "H9": "x.xxxxxx--",
    "H11": "xxx-------",
    "H12": "x....-----",
    "H15": "x.--------",
    "H16": "x.--xxxxx-",
}


def signs(name: str) -> str:
    found = answers(name)
    return "".join("." if (one := found.get((name, era))) is None else "-x"[one.cell == "has it"] for era in OF)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_row_answers_what_it_is_known_to_answer(name: str) -> None:
    assert signs(name) == EXPECTED[name]


def test_b1_is_surprising_as_the_reference_alone_does_not_give_the_guarantee() -> None:
    found = answers("B1")
    assert [era for era in ERAS if ("B1", era) in found and found["B1", era].surprising] == [
        *("5.3", "5.12", "5.13", "5.15", "6.0", "6.2", "6.3")
    ]


CURED = [(row, era, why) for why in EXPLAINED if why.gone_with for row in why.rows.split() for era in why.eras]
QUICK = {("B1", "5.3"), ("B1", "6.3"), ("H9", "5.15"), ("H5", "6.0")}


@pytest.mark.parametrize(
    ("name", "era", "why"),
    [pytest.param(*one, marks=[pytest.mark.slow] * (one[:2] not in QUICK), id=f"{one[0]}-{one[1]}") for one in CURED],
)
def test_what_is_said_to_be_another_fixs_doing_is_gone_with_that(name: str, era: str, why: Why) -> None:
    question = asked()[name, era].question
    case = FIND(asked()[name, era].reference)
    known = {switch.name for switch in ERAS[era].switches}
    lacking = [fix for fix in why.gone_with if fix in known and not case.settings.on(fix)]
    cured = Case.make(ERAS[era], case.scenario, (*question.words, *lacking))
    seen = look(cured, (question.violates,), Search(stop_on="all"))
    assert lacking
    assert seen.complete
    assert not any(question.says(found.property, found.text) for found in seen.findings)
    assert any(question.says(found.property, found.text) for found in answers(name)[name, era].seen.findings)


@pytest.mark.slow
def test_every_answer_is_one() -> None:
    found = answers(*ROWS)
    assert found.keys() == asked().keys()
    assert {cell for cell, one in found.items() if one.cell == "open"} == set()
