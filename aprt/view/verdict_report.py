"""A verdict as test tools read it: a suite, with a test for each property that was asked about."""

from __future__ import annotations

from aprt.core.properties import Property
from aprt.verdict.verdict import Verdict
from aprt.view.paint import Paint
from aprt.view.results import Result, Suite
from aprt.view.verdict_json import verdict_object
from aprt.view.verdict_text import finding_text, open_since, vacuous, verdict_line


def verdict_suite(verdict: Verdict) -> Suite:
    """A property that is violated fails, with what `aprt explore` prints of the finding.

    One that is not passes only where the search was complete. It is skipped where the search had no need to go on,
    because another is violated, and an error where it was to go on.
    """
    results = tuple(_result(verdict, property) for property in verdict.properties)
    line = verdict_line(verdict_object(verdict))
    return Suite(str(verdict.case), results, verdict.exploration.seconds, line)


def unanswered(reference: str) -> Suite:
    """In the place of a verdict that there is not, as the search was interrupted."""
    return Suite(reference, (Result("verdict", "error", "not answered: interrupted"),))


def _result(verdict: Verdict, property: Property) -> Result:
    name = f"{property.id} {property.title}"
    found = [shown for shown in verdict.shown if shown.finding.property == property.id]
    if found:
        told = "\n\n".join(finding_text(verdict, shown, Paint()) for shown in found)
        return Result(name, "failed", found[0].finding.text, tuple(told.splitlines()))
    exploration = verdict.exploration
    if not exploration.complete:
        message = f"not decided: {open_since(exploration)}"
        return Result(name, "skipped" if exploration.stopped == "violation" else "error", message)
    unexercised = property.id in (exploration.unexercised or ())
    return Result(name, "ok", remarks=(vacuous((property.id,)),) if unexercised else ())
