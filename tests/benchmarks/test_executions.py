"""The comparison by executions: what is counted, and what is a target."""

from __future__ import annotations

import pytest

from benchmarks.executions import PROGRAMS, Count, Program, Row, small, targets, trace_by_trace
from benchmarks.process import ToolError


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.traces < 100], ids=str)
def test_aprt_explores_each_trace_once(program: Program) -> None:
    count = trace_by_trace(program)
    assert (count.executions, count.redundant) == (program.traces, 0)


def test_the_program_of_two_philosophers_is_called_abba() -> None:
    assert [str(program) for program in PROGRAMS] == [
        "inc 2",
        "inc 3",
        "inc 4",
        "readers 4",
        "ABBA",
        "dining 3",
        "dining 5",
        "lastzero 5",
        "dining 8",
        "lastzero 10",
    ]


def test_an_unknown_program_is_an_error_of_the_tool() -> None:
    with pytest.raises(ToolError, match="'nothing'"):
        trace_by_trace(Program("nothing", 1, 1))


def test_targets_are_counts_and_rates() -> None:
    inc, alone = Program("inc", 2, 4, rival=True), Program("dining", 5, 31, wanted=15_000)
    rows = [Row(inc, Count(4, 0.001), Count(6, 0.06)), Row(alone, Count(31, 0.01, searching=0.001), None)]
    assert [(target.reached, target.met) for target in targets(rows)] == [
        ("0", True),
        ("40x", False),  # 4,000 a second against 100
        ("31,000/s (whole search: 3,100/s)", True),
    ]
    more = Row(inc, Count(5, 0.001), None)
    assert targets([more])[0].met is False


def test_a_program_is_too_small_when_learning_it_takes_longer_than_the_target_leaves() -> None:
    inc, dining = Program("inc", 2, 4, rival=True), Program("dining", 3, 7, rival=True)
    slow = Count(6, 0.006)  # 1,000 a second: 60,000 leave 0.07 ms for 4 executions, 0.12 ms for 7
    rows = [
        Row(inc, Count(4, 0.001, searching=0.0008), slow),
        Row(dining, Count(7, 0.001, searching=0.0009), slow),
        Row(Program("dining", 5, 31), Count(31, 1.0, searching=0.001), None),
    ]
    (remark,) = small(rows)
    assert remark.endswith(": inc 2 0.20 ms of 0.07.")
    assert small(rows[1:]) == ()
