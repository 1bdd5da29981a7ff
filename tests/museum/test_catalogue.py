"""The museum as data: every bug is there once, its words fit, what it refers to exists."""

import re
import textwrap
from typing import get_args

import click
import pytest

from aprt.cli.museum import list_entries
from aprt.core.commits import is_commit
from aprt.core.errors import UserError
from aprt.museum.catalogue import ENTRIES, HALLS, find_entries, hall_of
from aprt.museum.entry import Entry, Kind
from aprt.museum.patterns import Pattern
from aprt.museum.ways import WAYS
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS

BY_ID = {entry.id: entry for entry in ENTRIES}


def test_there_are_fifty_two_entries_in_five_halls() -> None:
    assert sorted(int(entry.id.removeprefix("B")) for entry in ENTRIES) == list(range(1, 53))
    assert [hall.number for hall in HALLS] == [1, 2, 3, 4, 5]
    assert [len(hall.entries) for hall in HALLS] == [16, 10, 14, 7, 5]
    assert hall_of(BY_ID["B52"]).number == 3


def test_commits_have_twelve_digits_and_belong_to_one_entry_but_for_the_patch_that_merged_the_series() -> None:
    commits = [commit for entry in ENTRIES for commit in entry.commits]
    assert all(len(commit) == 12 and is_commit(commit) for commit in commits)
    assert {commit for commit in commits if commits.count(commit) > 1} == {"ec89b55e3bce"}
    assert {entry.id for entry in ENTRIES if not entry.commits} == {"B34", "B46", "B52"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_what_an_entry_says_fits(entry: Entry) -> None:
    assert len(textwrap.wrap(" ".join(entry.story.split()), 75)) <= 5
    assert len(entry.title) <= 75
    assert "#" not in entry.title  # KTAP
    assert entry.kinds
    assert entry.shown_by is None or entry.exhibit is None


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_names_a_release_and_functions_of_the_kernel_that_its_commit_has(entry: Entry) -> None:
    assert entry.id == "B34" or all(re.fullmatch(r"[4-7]\.\d+", release) for release in entry.version.split(" or "))
    assert (entry.version == "never") == (entry.id == "B34")
    assert re.search(r"\b\w+_\w+\(\)", entry.story)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.shown_by], ids=lambda entry: entry.id)
def test_what_an_entry_refers_to_exists_and_is_written_as_aprt_writes_it(entry: Entry) -> None:
    assert entry.shown_by is not None
    for reference in (entry.shown_by.buggy, entry.shown_by.fixed):
        case = Case.parse(reference, ERAS)
        assert str(case) == reference
        case.model().select([entry.shown_by.violates])


def test_the_command_lists_every_kind_and_every_kind_has_an_entry() -> None:
    (option,) = (option for option in list_entries.params if option.name == "kind")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == get_args(Kind)
    assert {kind for entry in ENTRIES for kind in entry.kinds} == set(get_args(Kind))


def test_every_pattern_has_an_entry() -> None:
    assert {entry.pattern for entry in ENTRIES} == set(Pattern)


def test_the_ways_are_contrasts_too() -> None:
    assert list(WAYS) == [f"H{n}" for n in range(1, 17)]
    assert (WAYS["H9"].buggy, WAYS["H9"].fixed, WAYS["H9"].violates) == ("v4/h9", "v4/h9+wait_reset", "P1")


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("B8", ["B8"]),
        ("b8", ["B8"]),
        ("9b57e9d5010b", ["B8"]),
        ("9b57e9d", ["B8"]),
        ("9b57e9d5010b9b57e9d5010b9b57e9d5010b9b57", ["B8"]),
        ("3746d48c55ac", ["B37"]),
        ("ec89b55e3bce", ["B1", "B5", "B6"]),
    ],
)
def test_an_entry_is_found_by_its_number_or_a_commit(word: str, ids: list[str]) -> None:
    assert [entry.id for entry in find_entries(word)] == ids


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("B99", "no entry is called 'B99' (did you mean 'B9'?)"),
        ("H13", "H13 is a way, no bug of the museum: aprt scenario show v4/h13"),
        ("H17", "'H17' is no entry: give its number (B8), or seven digits of a commit and more"),
        ("kick", "'kick' is no entry: give its number (B8), or seven digits of a commit and more"),
        ("9b57e9", "'9b57e9' is no entry: give its number (B8), or seven digits of a commit and more"),
        ("9b57e9d5010c", "no entry has commit '9b57e9d5010c' (did you mean '9b57e9d5010b'?)"),
        ("0000000", "no entry has commit '0000000' (see aprt museum list)"),
    ],
)
def test_what_is_no_entry_is_told_with_what_there_is(word: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        find_entries(word)
    assert str(caught.value) == message


def test_the_fixes_of_the_releases_are_those_of_the_entries() -> None:
    fixes = {s.word: s for s in ERAS["2026"].switches if s.kind == "fix"}
    assert set(fixes) <= set(BY_ID)
    for number, switch in fixes.items():
        assert set(switch.commits) == set(BY_ID[number].commits)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.shown_by], ids=lambda entry: entry.id)
def test_an_entry_takes_out_its_own_fix_and_changes_nothing_else(entry: Entry) -> None:
    """In an era that has the fix. The series has measures instead, and some mistakes are no lack of a fix."""
    assert entry.shown_by is not None
    buggy, fixed = (Case.parse(text, ERAS) for text in (entry.shown_by.buggy, entry.shown_by.fixed))
    if buggy.settings.without:
        assert buggy.settings.without == (entry.id,)
        assert buggy.settings.set(entry.id, "in") == fixed.settings
