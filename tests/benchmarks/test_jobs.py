"""The comparison of one process with two."""

from __future__ import annotations

import pytest

from benchmarks.jobs import HOLDS, VIOLATED, Row, Times, Work, measure
from benchmarks.process import ToolError

SMALL = Work("two of them", ("explore", "v4/h14", "v4/h16", "--stop-on", "all"), 1.7, VIOLATED)


def test_both_answer_the_same_and_take_turns() -> None:
    lines: list[str] = []
    row = measure(SMALL, 1, lines.append)
    ways = ("1 of 2 processes", "2 of 2 processes", "one process, twice at once")
    assert lines == [f"two of them: {way}, 1 of 1" for way in ways]
    assert [len(times) for times in (row.times.one, row.times.two, row.times.twice)] == [1, 1, 1]
    assert row.count == 672  # 663 and 9


def test_of_one_search_what_is_to_be_the_same_is_compared() -> None:
    arguments = ("explore", "v4/h15", "--strategy", "dpor", "--stop-on", "all")
    same = frozenset({"verdict", "complete"})
    row = measure(Work("traces", arguments, 1.0, VIOLATED, "traces", same), 1, lambda line: None)
    assert row.count == 134


def test_the_museum_is_counted_on_both_sides() -> None:
    row = measure(Work("museum", ("museum", "check", "B10"), 1.0, HOLDS), 1, lambda line: None)
    assert row.count == 5 + 38


def test_the_ratios_are_those_of_the_best() -> None:
    times = Times(one=[3.0, 2.0], two=[4.0, 1.25], twice=[5.0, 2.5])
    assert (times.ratio, times.machine) == (1.6, 1.6)


def test_a_row_says_how_much_it_is_of_what_the_machine_can_do() -> None:
    row = Row(SMALL, 1_000, Times(one=[3.0], two=[2.0], twice=[3.75]))
    assert row.cells == ["two of them", "1,000", "3.00", "2.00", "1.50", "1.60", "94%"]


def test_another_exit_code_than_expected_ends_the_measurement() -> None:
    with pytest.raises(ToolError, match="exits with 2: aprt: unknown scenario"):
        measure(Work("unknown", ("explore", "v4/h99"), 1.0, 0), 1, print)
