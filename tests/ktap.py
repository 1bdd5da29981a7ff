"""A reader of KTAP version 1, as strict as the description of the format: Documentation/dev-tools/ktap.rst."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

_RESULT = re.compile(r"(ok|not ok) (\d+)(?: - | )?([^#]*?)(?: # (SKIP|TODO|XFAIL|TIMEOUT|ERROR)(?: (.*))?)?")


@attrs.frozen
class Line:
    """One result line, with what stands before it. remarks: its diagnostics. inner: the tests nested in it."""

    ok: bool
    name: str
    directive: str | None = None
    message: str | None = None
    remarks: tuple[str, ...] = ()
    inner: tuple[Line, ...] = ()


def read(text: str) -> tuple[Line, ...]:
    """The tests of a document. Raises: `ValueError` with the line that is wrong."""
    tests, rest = _tests(text.splitlines(), "")
    if rest:
        raise ValueError(f"after the last result: {rest[0]!r}")
    return tests


def _tests(lines: Sequence[str], indent: str) -> tuple[tuple[Line, ...], Sequence[str]]:
    """The tests of one level, and the lines after them."""
    if lines[:1] != [f"{indent}KTAP version 1"]:
        raise ValueError(f"no version line: {lines[:1]}")
    plan = re.fullmatch(rf"{indent}1\.\.(\d+)", lines[1])
    if plan is None:
        raise ValueError(f"no plan: {lines[1]!r}")
    lines = lines[2:]
    found: list[Line] = []
    while len(found) < int(plan[1]):
        test, lines = _test(lines, indent, len(found) + 1)
        found.append(test)
    return tuple(found), lines


def _test(lines: Sequence[str], indent: str, number: int) -> tuple[Line, Sequence[str]]:
    remarks: list[str] = []
    inner: tuple[Line, ...] = ()
    while True:
        if not lines:
            raise ValueError(f"result {number} is missing")
        line, lines = lines[0], lines[1:]
        if line == f"{indent}  KTAP version 1":
            inner, lines = _tests([line, *lines], f"{indent}  ")
        elif line == f"{indent}#" or line.startswith(f"{indent}# "):
            remarks.append(line.removeprefix(f"{indent}#").removeprefix(" "))
        else:
            break
    result = _RESULT.fullmatch(line.removeprefix(indent)) if line.startswith(indent) else None
    if result is None or int(result[2]) != number:
        raise ValueError(f"not result {number}: {line!r}")
    test = Line(result[1] == "ok", result[3], result[4], result[5], tuple(remarks), inner)
    if test.inner and test.ok != all(one.ok for one in test.inner):
        raise ValueError(f"{line!r} does not agree with the tests in it")
    if test.directive == "SKIP" and not test.ok:
        raise ValueError(f"{line!r} was skipped and failed")
    return test, lines
