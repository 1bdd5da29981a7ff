"""Results as the XML of JUnit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree

from aprt.view.results import Result, Standing, Suite

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(suites: Sequence[Suite]) -> str:
    """One document; what was printed of a test that passed is left out."""
    root = ElementTree.Element("testsuites", {"name": "aprt", **_totals(suites)})
    for suite in suites:
        element = ElementTree.SubElement(root, "testsuite", {"name": _legal(suite.name), **_totals([suite])})
        for result in suite.results:
            _add(element, suite, result)
        if suite.output:
            ElementTree.SubElement(element, "system-out").text = _legal(suite.output)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _totals(suites: Iterable[Suite]) -> dict[str, str]:
    suites = tuple(suites)
    counted: tuple[tuple[str, Standing], ...] = (("failures", "failed"), ("errors", "error"), ("skipped", "skipped"))
    return {
        "tests": str(sum(len(suite.results) for suite in suites)),
        **{word: str(sum(suite.count(standing) for suite in suites)) for word, standing in counted},
        "time": f"{sum(suite.seconds for suite in suites):.3f}",
    }


def _add(element: ElementTree.Element, suite: Suite, result: Result) -> None:
    case = ElementTree.SubElement(element, "testcase", {"classname": _legal(suite.name), "name": _legal(result.name)})
    if result.standing == "ok":
        return
    tag = {"failed": "failure"}.get(result.standing, result.standing)
    told = ElementTree.SubElement(case, tag, {"message": _legal(result.message)})
    if result.remarks:
        told.text = _legal("\n".join(("", *result.remarks, "")))


def _legal(text: str) -> str:
    return _NO_XML.sub("?", text)
