"""`aprt museum`: the list, one entry, the check with its exit codes, the hunt, the matrix."""

import json
from typing import get_args

import attrs
import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.gathered import Sharing
from aprt.cli.museum_work import inspect
from aprt.cli.root import root
from aprt.core.contrast import Contrast
from aprt.explore.result import Bounds
from aprt.museum.catalogue import ENTRIES, find_entries
from aprt.museum.entry import Kind
from aprt.view.museum_check import check_ktap, check_text
from aprt.view.museum_text import entry_text
from aprt.view.paint import Paint

B10 = find_entries("B10")[0]
UNMODELLED = attrs.evolve(find_entries("B16")[0], shown_by=None, exhibit=None)


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, ("museum", *args), obj=known_eras)


def test_the_list_has_a_line_for_each_entry() -> None:
    head, *lines = aprt("list").stdout.splitlines()
    assert head == "bug  kind         fixed in    what goes wrong (where that is seen)"
    assert len(lines) == 52
    assert lines[7] == "B8   LOST         5.15        the bit that means 'already kicked' (2026/late-kick)"


def test_each_kind_of_bug_can_be_listed() -> None:
    for kind in get_args(Kind):
        shown = [line.split()[0] for line in aprt("list", "--kind", kind).stdout.splitlines()[1:]]
        assert shown == [entry.id for entry in ENTRIES if kind in entry.kinds]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--kind", "deadlock"), ["B11"]),
        (("--kind", "SEC"), ["B25", "B29"]),
        (("--hall", "5"), ["B47", "B48", "B49", "B50", "B51"]),
        (("--hall", "4", "--kind", "lost"), ["B40", "B43"]),
        (("LOCK", "5.15/remove"), ["B4"]),
        (("late-kick",), ["B8"]),
        (("lock", "--kind", "uaf"), ["B4"]),
    ],
)
def test_the_list_can_be_cut_to_a_kind_or_a_hall(options: tuple[str, ...], ids: list[str]) -> None:
    assert [line.split()[0] for line in aprt("list", *options).stdout.splitlines()] == ["bug", *ids]
    told = json.loads(aprt("list", *options, "--format", "json").stdout)
    assert (told["schema"], [entry["id"] for entry in told["entries"]]) == ("aprt.museum/1", ids)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("lock", "xyzzy"), " that has 'lock' and 'xyzzy' in title, fix or scenario"),
        (("--kind", "cycle", "--hall", "2"), " of kind CYCLE in hall 2"),
        (("lock", "--hall", "5"), " in hall 5 that has 'lock' in title, fix or scenario"),
    ],
)
def test_what_no_entry_has_is_a_mistake(words: tuple[str, ...], line: str) -> None:
    result = aprt("list", *words)
    assert (result.exit_code, result.stderr) == (2, f"aprt: there is no entry{line} (aprt museum list shows all)\n")


def test_an_entry_is_shown_by_its_commit_with_its_story_and_what_to_type() -> None:
    text = aprt("show", "2a54e34").stdout
    assert text.startswith("B13  unmapping does not stop the writer\n\nUser space unmaps a range with the NIB's page")
    assert "\nfix       vfio/ap: Validate iova during dma_unmap and trigger irq disable\n" in text
    assert "\ncommit    2a54e347d990\n" in text
    assert text.endswith(
        "unfixed     aprt explore 2026/dma-unmap+B13=out --property P10\n"
        "fixed       aprt explore 2026/dma-unmap --property P10\n"
        "explain     aprt explain B13    # who did what until it broke, and why\n"
        "kernels     aprt museum matrix B13    # in which it is\n"
    )
    assert aprt("show", "B13").stdout == text
    assert entry_text(UNMODELLED, known_eras()).endswith("\n\nnot modelled yet")


def test_an_entry_is_shown_with_the_words_of_its_finding_unless_any_will_do() -> None:
    shown = [entry for entry in ENTRIES if entry.shown_by is not None]
    unsaid = [entry.id for entry in shown if "\n  as: " not in entry_text(entry, known_eras())]
    assert unsaid == [entry.id for entry in shown if entry.shown_by.finding == "*"] == ["B4", "B31", "B51"]
    assert "\nbreaks P9: software touches only objects that are alive\n\nunfixed  " in aprt("show", "B4").stdout


def test_a_commit_that_fixed_several_shows_them_all() -> None:
    heads = [part.split("  ")[0] for part in aprt("show", "ec89b55e3bce").stdout.split("\n\n\n")]
    assert heads == ["B1", "B5", "B6"]


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("show", "B53"), "no entry is called 'B53' (did you mean 'B5'?)"),
        (("show", "9b57e9d5010c"), "no entry has commit '9b57e9d5010c' (did you mean '9b57e9d5010b'?)"),
        (("check", "B13", "kick"), "'kick' is no entry: give its number (B8), or seven digits of a commit and more"),
        (("list", "--kind", "sad"), None),
        (("list", "--hall", "6"), None),
        (("hunt", "B4", "B24"), "B24 cannot be seen in a schedule; aprt museum show B24 says why"),
        (("check", "--jobs", "2", "--cluster", "here", "B13"), "--jobs and --cluster cannot be combined"),
    ],
)
def test_what_does_not_exist_is_one_line_and_exit_2(args: tuple[str, ...], line: str | None) -> None:
    result = aprt(*args)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert line is None or result.stderr.startswith(f"aprt: {line}")


def test_a_check_tells_what_was_found_without_the_fix_and_exits_with_0() -> None:
    result = aprt("check", "B10")
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
MET  B10  waiting for somebody who may not exist
  without the fix: P33: gisa_destroy of vm0 goes on, for ever (5 states by
    states)
  aprt replay aprt2:2026/end-listed+B10=out:dRZ2ZYA
  with the fix: complete (38 states by states)

aprt: MUSEUM entries=1 met=1 exhibit-only=0 not-met=0 not-modelled=0 not-reached=0
"""
    )


def test_an_entry_that_is_not_modelled_counts_as_not_met() -> None:
    inspection = inspect(known_eras, (B10, UNMODELLED), Bounds(budget=60.0), Sharing())
    assert not inspection.met
    assert check_ktap(inspection).splitlines()[-3:] == [
        "ok 1 B10 waiting for somebody who may not exist",
        "# B16: not modelled",
        "not ok 2 B16 the same node twice in one bucket",
    ]
    assert "\n\nnot modelled: B16\n\n" in check_text(inspection, Paint())


def test_an_entry_that_is_not_met_exits_with_5() -> None:
    result = aprt("check", "B10", "--budget", "0ms", "--format", "ktap")
    assert result.exit_code == 5
    assert "# B10: not everything was searched with the fix (" in result.stdout
    assert result.stdout.endswith("\nnot ok 1 B10 waiting for somebody who may not exist\n")


def test_a_check_as_json_has_both_sides_and_two_processes_say_the_same() -> None:
    def told(*options: str) -> list[tuple[object, ...]]:
        data = json.loads(aprt("check", "B10", "B16", "--format", "json", *options).stdout)
        assert (data["schema"], data["met"], data["counts"]["met"]) == ("aprt.museum-check/1", True, 2)
        sides = [(entry["id"], entry[side]) for entry in data["entries"] for side in ("buggy", "fixed")]
        return [(id, one["scenario"], one["verdict"], one["complete"], one["states"]) for id, one in sides]

    alone = told()
    assert alone == told("--jobs", "2")
    assert alone[:2] == [
        ("B10", "2026/end-listed+B10=out", "VIOLATED", False, 5),
        ("B10", "2026/end-listed", "HOLDS", True, 38),
    ]


@pytest.mark.parametrize(
    ("wrong", "failure"),
    [
        ({"violates": "P3"}, "P3 is not violated without the fix (HOLDS)"),
        ({"finding": "gisa_destroy of vm9 *"}, "another finding without the fix: P33: gisa_destroy of vm0 goes on"),
        ({"fixed": B10.shown_by.buggy}, "still found with the fix: gisa_destroy of vm0 goes on"),
    ],
)
def test_an_entry_with_something_wrong_in_it_is_not_met(wrong: dict[str, str], failure: str) -> None:
    assert isinstance(B10.shown_by, Contrast)
    entry = attrs.evolve(B10, shown_by=attrs.evolve(B10.shown_by, **wrong))
    inspection = inspect(known_eras, (entry,), Bounds(budget=60.0), Sharing())
    assert not inspection.met
    assert check_text(inspection, Paint()).splitlines()[0] == "NOT MET  B10  waiting for somebody who may not exist"
    assert f"\n  {failure[:60]}" in check_text(inspection, Paint())
    assert f"# B10: {failure}" in check_ktap(inspection)
    assert "\nnot ok 1 B10 " in check_ktap(inspection)


def test_an_exhibit_is_skipped_and_fails_nothing() -> None:
    exhibit = attrs.evolve(UNMODELLED, exhibit="nothing races")
    inspection = inspect(known_eras, (exhibit,), Bounds(budget=60.0), Sharing())
    assert inspection.met
    assert check_ktap(inspection).splitlines()[-2:] == [
        f"# {exhibit.id}: nothing races",
        f"ok 1 {exhibit.id} {exhibit.title} # SKIP exhibit only",
    ]


def test_a_hunt_hides_names_and_counts_schedules() -> None:
    result = aprt("hunt", "B5", "--blind", "700ms")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert "B5" not in result.stdout
    assert lines[0] == "schedules to the first hit; for states, states met"
    assert lines[2].split() == ["random", "urw", "pos", "pct:2", "pct:3", "delay:2", "dpor", "states"]
    assert lines[3].startswith("bug 1   ")
    assert lines[-1] == "aprt: HUNT found=1 of=1 seconds=0.7"
    (entry,) = json.loads(aprt("hunt", "B5", "--blind", "700ms", "--format", "json").stdout)["entries"]
    assert (entry["id"], entry["found"]) == ("B5", True)


def test_the_matrix_has_a_column_for_each_era() -> None:
    result = aprt("matrix", "B10")
    assert result.exit_code == 0
    head, row = (line.split() for line in result.stdout.splitlines()[:2])
    assert head == list(known_eras())
    cells = dict(zip(head, row[1:], strict=True))
    assert row[0] == "B10"
    assert [cells[era] for era in ("v4", "4.20", "6.3", "6.6", "2026")] == ["BUG", "1", "BUG", "-", "-"]
    assert "\n1: KVM has no GIB before 5.1: no alert interrupt, no alert list\n" in result.stdout
    (told,) = json.loads(aprt("matrix", "B10", "--format", "json").stdout)["rows"]
    assert {name: told["eras"]["6.3"][name] for name in ("cell", "fixed", "surprising", "scenario", "why")} == {
        "cell": "has it",
        "fixed": False,
        "surprising": False,
        "scenario": "6.3/end-listed",
        "why": None,
    }
    assert told["eras"]["4.20"] == {
        "cell": "not asked",
        "why": "KVM has no GIB before 5.1: no alert interrupt, no alert list",
    }


def test_the_matrix_has_ways_and_says_why_an_answer_is_what_it_is() -> None:
    result = aprt("matrix", "h9", "H10", "B24")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[1:4]] == [
        ["H9", "BUG", "1", *["BUG"] * 7, *["-"] * 5],
        ["H10", "BUG", "1", *["BUG"] * 7, *["-"] * 5],
        ["B24", *["2"] * 14],
    ]
    assert "\n2: exhibit only: it has no effect: " in result.stdout
    assert max(map(len, result.stdout.splitlines())) < 80
    why = "the end of a reset is not waited for, or not long\n    enough (the other answer with B14, B15, B35)"
    assert f"\nH9, H10 in 5.3 to 6.3: {why}\n" in result.stdout
    assert result.stdout.endswith("\naprt: ERAS rows=3 eras=14 cells=26 bugs=16 open=0 surprising=0\n")
