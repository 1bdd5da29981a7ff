"""An answer as test tools read it: a suite, with a test for each property that was asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aprt.view.results import Result, Suite
from aprt.view.unexercised_text import vacuous
from aprt.view.verdict_text import verdict_line


def verdict_suite(answer: Mapping[str, Any]) -> Suite:
    """Of a verdict as JSON. A property that is violated fails, with what `aprt explore` prints of the finding.

    One that is not passes only where the search was complete. It is skipped where the search had no need to go on,
    because another is violated, and an error where it was to go on.
    """
    results = tuple(_result(answer, id) for id in answer["properties"])
    return Suite(answer["scenario"], results, answer["seconds"], verdict_line(answer))


def unanswered(reference: str) -> Suite:
    """In the place of a verdict that there is not, as the search was interrupted."""
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
