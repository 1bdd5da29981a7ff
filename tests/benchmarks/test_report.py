"""Tables and targets, as they are printed."""

from __future__ import annotations

import json

from benchmarks.report import Section, Target, as_json, as_text, at_least, at_most, table


def test_columns_line_up_and_figures_are_flushed_right() -> None:
    lines = table(("name", "n", "left"), [("a", "1,000", "x"), ("bcdef", "", "y")]).splitlines()
    assert lines == [
        "| name  |     n | left |",
        "| ----- | ----: | ---- |",
        "| a     | 1,000 | x    |",
        "| bcdef |       | y    |",
    ]


def test_a_lower_bound_is_held_by_the_smallest_and_an_upper_one_by_the_largest() -> None:
    assert at_least("speed", 3, [2.5, 4]) == Target("speed", "at least 3x", "2.5 to 4x", False)
    assert at_least("speed", 2.5, [2.5, 4]) == Target("speed", "at least 2.5x", "2.5 to 4x", True)
    assert at_most("time", 10, [9.5], " ms") == Target("time", "at most 10 ms", "9.5 ms", True)
    assert at_most("time", 1_000, [9, 1_234], " ms") == Target("time", "at most 1,000 ms", "9 to 1,234 ms", False)


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert at_least("speed", 3, []) == Target("speed", "at least 3x", "", None)
    section = Section("Speed", ("a",), (), (), [at_least("speed", 3, [])])
    assert "| speed  | at least 3x |         | not measured |" in as_text([section])


def test_what_targets_do_not_count_stands_below_them() -> None:
    section = Section("Speed", ("s",), [("1",)], [], [at_least("speed", 3, [4])], (), ("speed of b: 2x",))
    assert as_text([section]).endswith("| speed  | at least 3x |      4x | met |\n\nnot counted: speed of b: 2x")


def test_the_object_holds_every_repetition() -> None:
    section = Section(
        "Speed", ("s",), [("1",)], [{"runs": [1.0, 2.0]}], [at_least("speed", 3, [4])], ("a remark",), ("a figure",)
    )
    found = json.loads(as_json([section]))
    assert found["schema"] == "aprt.bench/1"
    assert found["sections"]["Speed"] == {
        "records": [{"runs": [1.0, 2.0]}],
        "targets": [{"what": "speed", "wanted": "at least 3x", "reached": "4x", "met": True}],
        "remarks": ["a remark"],
        "not_counted": ["a figure"],
    }
