"""An answer as test tools read it: a suite, with a test for each property that was asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aprt.view.results import Result, Suite
from aprt.view.unexercised_text import vacuous
from aprt.view.verdict_text import verdict_line


def verdict_suite(answer: Mapping[str, Any]) -> Suite:
    """The suite of a verdict, given as JSON. A violated property fails, with what `aprt explore` prints of the finding.

    Any other property passes if the search was complete. If not, it is skipped where the search ended because another
    property is violated, and an error where it ended for any other reason.
    """
    results = tuple(_result(answer, id) for id in answer["properties"])
    return Suite(answer["scenario"], results, answer["seconds"], verdict_line(answer))


def unanswered(reference: str) -> Suite:
    """The suite of a scenario that has no verdict, because the search was interrupted."""
    return Suite(reference, (Result("verdict", "error", "not answered: interrupted"),))


def _result(answer: Mapping[str, Any], id: str) -> Result:
    name = f"{id} {answer['titles'][id]}"
    found = [finding for finding in answer["findings"] if finding["property"] == id]
    if found:
        told = "\n\n".join("\n".join(finding["told"]) for finding in found)
        return Result(name, "failed", found[0]["text"], tuple(told.splitlines()))
    if not answer["complete"]:
        needless = answer["certificate"]["stopped"] == "violation"
        return Result(name, "skipped" if needless else "error", f"not decided: {answer['open']}")
    unexercised = id in (answer["unexercised"] or ())
    return Result(name, "ok", remarks=(vacuous("HOLDS", (id,)),) if unexercised else ())
