"""`aprt museum`: the list, one entry, the check with its exit codes, the hunt, the matrix."""

import json

import attrs
import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.museum_work import inspect
from aprt.cli.root import root
from aprt.core.contrast import Contrast
from aprt.museum.catalogue import ENTRIES, find_entries
from aprt.view.museum_check import check_ktap, check_text
from aprt.view.paint import Paint

B13 = find_entries("B13")[0]
UNMODELLED = next(entry for entry in ENTRIES if entry.shown_by is None and entry.exhibit is None)


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, ("museum", *args), obj=known_eras)


def test_the_list_has_a_line_for_each_entry() -> None:
    lines = aprt("list").stdout.splitlines()
    assert len(lines) == 52
    assert lines[7].split() == [
        *["B8", "LOST", "5.15", "2026/lost-kick", "the", "bit", "that", "means", "'already", "kicked'"]
    ]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--kind", "deadlock"), ["B11"]),
        (("--kind", "SEC"), ["B25", "B29"]),
        (("--hall", "5"), ["B47", "B48", "B49", "B50", "B51"]),
        (("--hall", "4", "--kind", "lost"), ["B40", "B43"]),
    ],
)
def test_the_list_can_be_cut_to_a_kind_or_a_hall(options: tuple[str, ...], ids: list[str]) -> None:
    assert [line.split()[0] for line in aprt("list", *options).stdout.splitlines()] == ids
    told = json.loads(aprt("list", *options, "--format", "json").stdout)
    assert (told["schema"], [entry["id"] for entry in told["entries"]]) == ("aprt.museum/1", ids)


def test_an_entry_is_shown_by_its_commit_with_its_story_and_what_to_type() -> None:
    text = aprt("show", "2a54e34").stdout
    assert text.startswith("B13  unmapping does not stop the writer\n\nUser space unmaps the page that holds the NIB.")
    assert "\nfix     vfio/ap: Validate iova during dma_unmap and trigger irq disable\n" in text
    assert "\ncommit  2a54e347d990, ce4b4657ff18\n" in text
    assert text.endswith(
        "without the fix   aprt explore 2026/dma-unmap+B13=out --property P10\n"
        "with it           aprt explore 2026/dma-unmap --property P10\n"
    )
    assert aprt("show", "B13").stdout == text
    assert aprt("show", UNMODELLED.id).stdout.endswith("\n\nnot modelled yet\n")


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
        (("check", "--jobs", "2", "--cluster", "here", "B13"), "--jobs and --cluster cannot be combined"),
    ],
)
def test_what_does_not_exist_is_one_line_and_exit_2(args: tuple[str, ...], line: str | None) -> None:
    result = aprt(*args)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert line is None or result.stderr.startswith(f"aprt: {line}")


def test_a_check_tells_what_was_found_without_the_fix_and_exits_with_0() -> None:
    result = aprt("check", "B13")
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
MET  B13  unmapping does not stop the writer
  without the fix: P10: vm0: pages from 0x2 on stay pinned while they are
    unmapped (492 states by states)
  aprt replay aprt2:2026/dma-unmap+B13=out:WAUKdgM6zm4kIeQ
  with the fix: complete (1,461 states by states)
  observed with the fix: P8: page 0x3 of vm0 is unpinned while 05.0004 may
    write its NIB there
  aprt replay aprt2:2026/dma-unmap:VQUKh3k6wFHnaog

aprt: MUSEUM entries=1 met=1 exhibit-only=0 not-met=0 not-modelled=0 not-reached=0
"""
    )


def test_an_entry_that_is_not_modelled_counts_as_not_met() -> None:
    result = aprt("check", "B13", UNMODELLED.id, "--format", "ktap")
    assert result.exit_code == 5
    assert result.stdout.splitlines()[-3:] == [
        "ok 1 B13 unmapping does not stop the writer",
        f"# {UNMODELLED.id}: not modelled",
        f"not ok 2 {UNMODELLED.id} {UNMODELLED.title}",
    ]


def test_a_check_as_json_has_both_sides_and_two_processes_say_the_same() -> None:
    def told(*options: str) -> list[tuple[object, ...]]:
        data = json.loads(aprt("check", "B13", "B16", "--format", "json", *options).stdout)
        assert (data["schema"], data["met"], data["counts"]["met"]) == ("aprt.museum-check/1", True, 2)
        sides = [(entry["id"], entry[side]) for entry in data["entries"] for side in ("buggy", "fixed")]
        return [(id, one["scenario"], one["verdict"], one["complete"], one["states"]) for id, one in sides]

    assert told() == told("--jobs", "2") == [
        ("B13", "2026/dma-unmap+B13=out", "VIOLATED", False, 492),
        ("B13", "2026/dma-unmap", "VIOLATED", True, 1461),
        ("B16", "2026/assign-twice+B16=out", "VIOLATED", False, 13),
        ("B16", "2026/assign-twice", "HOLDS", True, 53),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "failure"),
    [
        ({"violates": "P3"}, "P3 is not violated without the fix (HOLDS)"),
        (
            {"finding": "page 0x9 *"},
            "another finding without the fix: P10: vm0: pages from 0x2",
        ),
        (
            {"fixed": B13.shown_by.buggy},
            "still found with the fix: vm0: pages from 0x2 on stay",
        ),
    ],
)
def test_an_entry_with_something_wrong_in_it_is_not_met(wrong: dict[str, str], failure: str) -> None:
    assert isinstance(B13.shown_by, Contrast)
    entry = attrs.evolve(B13, shown_by=attrs.evolve(B13.shown_by, **wrong))
    inspection = inspect(known_eras, (entry,), 60.0, 1, None)
    assert not inspection.met
    assert check_text(inspection, Paint()).splitlines()[0] == "NOT MET  B13  unmapping does not stop the writer"
    assert f"\n  {failure[:60]}" in check_text(inspection, Paint())
    assert f"# B13: {failure}" in check_ktap(inspection)
    assert "\nnot ok 1 B13 " in check_ktap(inspection)


def test_an_exhibit_is_skipped_and_fails_nothing() -> None:
    exhibit = attrs.evolve(UNMODELLED, exhibit="nothing races")
    inspection = inspect(known_eras, (exhibit,), 60.0, 1, None)
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
    assert lines[0] == "schedules to the first hit"
    assert lines[2].split() == ["random", "urw", "pos", "pct:2", "pct:3", "delay:2", "dpor"]
    assert lines[3].startswith("bug 1   ")
    assert lines[-1] == "aprt: HUNT found=1 of=1 seconds=0.7"
    (entry,) = json.loads(aprt("hunt", "B5", "--blind", "700ms", "--format", "json").stdout)["entries"]
    assert (entry["id"], entry["found"]) == ("B5", True)


def test_the_matrix_has_a_column_for_each_era() -> None:
    result = aprt("matrix", "B13", "B16")
    assert result.exit_code == 0
    head, b13, b16 = (line.split() for line in result.stdout.splitlines()[:3])
    assert head == list(known_eras())
    assert (b13[0], b13[1 + head.index("6.0")], b13[1 + head.index("6.2")]) == ("B13", "BUG", "-")
    assert (b16[0], b16[1 + head.index("v4")], b16[1 + head.index("6.0")]) == ("B16", ".", "-")
    rows = json.loads(aprt("matrix", "B13", "--format", "json").stdout)["rows"]
    assert rows[0]["eras"]["6.0"]["cell"] == "has it"
    assert rows[0]["eras"]["6.0"]["scenario"] == "6.0/dma-unmap"
