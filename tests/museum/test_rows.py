"""The era matrix: every cell is asked about or says why not, and answers what it is known to answer."""

from __future__ import annotations

from collections import Counter
from functools import cache

import attrs
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
from aprt.verdict.era_matrix import Asked, Cell, Entered, era_matrix, questions
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
    with pytest.raises(UserError, match=r"no way is called 'H17' \(they are H1 to H16\)"):
        find_rows(["H17"])


OF = ("v4", "4.20", "5.3", "5.13", "5.15", "6.0", "6.2", "6.3", "6.6", "2026")
EXPECTED = {  # x: found, -: not there, .: not asked
    "B1": "x.xxxxxx--",
    "B6": "..--------",
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


TURNED = [(row, era, why) for why in EXPLAINED if why.turned_by for row in why.rows.split() for era in why.eras]
LARGE = {"B1", "H1", "H5", "H7", "H9", "H10"}
QUICK = {("B1", "5.3"), ("B1", "6.3"), ("H9", "5.15"), ("H5", "6.0")}


@pytest.mark.parametrize(
    ("name", "era", "why"),
    [
        pytest.param(*one, marks=[pytest.mark.slow] * (one[0] in LARGE and one[:2] not in QUICK), id="-".join(one[:2]))
        for one in TURNED
    ],
)
def test_the_switches_that_are_said_to_turn_an_answer_round_do(name: str, era: str, why: Why) -> None:
    one = asked()[name, era]
    settings, known = FIND(one.reference).settings, {switch.name for switch in ERAS[era].switches}
    lacking = [word for word in why.turned_by if word in known and not settings.on(word)]
    assert lacking
    assert {answer(one), answer(one, *lacking)} == {"has it", "has it not"}


def answer(one: Asked, *words: str) -> Cell:
    """The answer with these switches put in, too."""
    (entered,) = era_matrix([attrs.evolve(one, reference="+".join((one.reference, *words)))], FIND, UNBOUNDED)
    return entered.cell


@pytest.mark.parametrize("fix", ["B14", "B32"])
def test_either_fix_makes_a_queue_that_is_gone_keep_its_records(fix: str) -> None:
    assert answer(asked()["B18", "6.2"], fix) == "has it"


def test_the_filtered_bitmap_needs_both_fixes_that_brought_it() -> None:
    one = asked()["B23", "6.6"]
    assert [answer(one, *words) for words in ((), ("B28",), ("B29",), ("B28", "B29"))] == [
        *["has it not"] * 3,
        "has it",
    ]


@pytest.mark.slow
def test_every_answer_is_one() -> None:
    found = answers(*ROWS)
    assert found.keys() == asked().keys()
    assert {cell for cell, one in found.items() if one.cell == "open"} == set()


@pytest.mark.slow
def test_an_answer_is_surprising_if_and_only_if_it_is_explained_for_whatever_has_a_fix() -> None:
    surprising = {cell for cell, one in answers(*ROWS).items() if one.surprising}
    explained = {(row, era) for why in EXPLAINED for row in why.rows.split() for era in why.eras}
    assert surprising == {(row, era) for row, era in explained if not row.startswith("H")}
