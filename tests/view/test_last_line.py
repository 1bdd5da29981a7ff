"""The last line of an answer can be taken apart, whatever the names in it."""

from __future__ import annotations

import shlex

import pytest

from aprt.view.last_line import last_line


def test_nothing_is_a_dash_and_truth_a_word() -> None:
    told = {"property": "P1,P9", "with": "", "token": None, "states": 0, "complete": True, "real": False, "cycle": "?"}
    assert last_line("HOLDS", told) == (
        "aprt: HOLDS property=P1,P9 with=- token=- states=0 complete=yes real=no cycle=?"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("my file.py:system", "'my file.py:system'"),
        ("it's", """'it'"'"'s'"""),
        ("a\\b", "'a\\b'"),
        ('say "so"', "'say \"so\"'"),
        ("v4/kill-qemu+guest=use", "v4/kill-qemu+guest=use"),
        ("$HOME/*", "$HOME/*"),
        ("größer", "größer"),
    ],
)
def test_a_value_that_a_shell_would_take_apart_is_quoted(value: str, written: str) -> None:
    line = last_line("RAN", {"scenario": value, "steps": 3})
    assert line == f"aprt: RAN scenario={written} steps=3"
    assert shlex.split(line) == ["aprt:", "RAN", f"scenario={value}", "steps=3"]
