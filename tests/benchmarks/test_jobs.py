"""The comparison of one process with two."""

from __future__ import annotations

import pytest

from benchmarks.jobs import HOLDS, VIOLATED, Row, Times, Work, measure
from benchmarks.process import ToolError

QUICK = ("dining", "states", "plain", "6")
SMALL = Work("two of them", ("explore", "v4/h14", "v4/h16", "--stop-on", "all"), 1.7, VIOLATED)


def test_both_answer_the_same_and_take_turns() -> None:
    lines: list[str] = []
    row = measure(SMALL, 1, lines.append, QUICK)
    assert lines == ["two of them: 1 of 2 processes, 1 of 1", "two of them: 2 of 2 processes, 1 of 1"]
    assert [len(times) for both in (row.times, row.machine) for times in both.seconds.values()] == [1, 1, 1, 1]
    assert row.count == 630  # 621 and 9


def test_of_one_search_what_is_to_be_the_same_is_compared() -> None:
    arguments = ("explore", "v4/h15", "--strategy", "dpor", "--stop-on", "all")
    same = frozenset({"verdict", "complete"})
    row = measure(Work("traces", arguments, 1.0, VIOLATED, "traces", same), 1, lambda line: None, QUICK)
    assert row.count == 134


def test_the_museum_is_counted_on_both_sides() -> None:
    row = measure(Work("museum", ("museum", "check", "B10"), 1.0, HOLDS), 1, lambda line: None, QUICK)
    assert row.count == 5 + 38


def test_the_ratio_is_that_of_the_best() -> None:
    times = Times({1: [3.0, 2.0], 2: [4.0, 1.25]})
    assert (times.best, times.ratio) == ((2.0, 1.25), 1.6)


def test_a_row_says_how_much_it_is_of_what_the_machine_can_do() -> None:
    row = Row(SMALL, 1_000, Times({1: [3.0], 2: [2.0]}), Times({1: [2.0], 2: [1.25]}))
    assert row.cells == ["two of them", "1,000", "3.00", "2.00", "1.50", "1.60", "94%"]


def test_another_exit_code_than_expected_ends_the_measurement() -> None:
    with pytest.raises(ToolError, match="exits with 2: aprt: unknown scenario"):
        measure(Work("unknown", ("explore", "v4/h99"), 1.0, 0), 1, print)
