"""Results as test tools read them: KTAP version 1, as the kernel's own tests print it, and the XML of JUnit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from aprt.view.results import Result, Suite

_DASHES: Final = re.compile("^(- )+")


def report(form: str, suites: Sequence[Suite]) -> str:
    """The suites in the form `junit` or `ktap`."""
    if form == "junit":
        from aprt.view.junit import junit  # which imports an XML library

        return junit(suites)
    return ktap(suites)


def ktap(tests: Sequence[Result | Suite]) -> str:
    """KTAP version 1. Remarks stand before the result that they belong to, and a suite's results before its own."""
    return "\n".join(_ktap(tests))


def _ktap(tests: Sequence[Result | Suite]) -> Iterator[str]:
    yield "KTAP version 1"
    yield f"1..{len(tests)}"
    for number, test in enumerate(tests, 1):
        if isinstance(test, Suite):
            yield from (f"  {line}" for line in _ktap(test.results))
        else:
            lines = (line for remark in test.remarks for line in remark.splitlines() or [""])
            yield from (f"# {line}".rstrip() for line in lines)
        verdict = "ok" if test.standing in ("ok", "skipped") else "not ok"
        yield f"{verdict} {number} {_name(test.name)}{_directive(test)}"


def _directive(test: Result | Suite) -> str:
    if isinstance(test, Suite) or test.standing not in ("skipped", "error"):
        return ""
    return f" # {'SKIP' if test.standing == 'skipped' else 'ERROR'} {_one_line(test.message)}".rstrip()


def _name(text: str) -> str:
    return _DASHES.sub("", _one_line(text))  # a reader takes a dash before the name for a separator


def _one_line(text: str) -> str:
    return " ".join(text.replace("#", " ").split())  # what follows a # is a directive
