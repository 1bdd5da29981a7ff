"""The first lines of an answer: which case it is about, and which property."""

from __future__ import annotations

from aprt.core.properties import Property
from aprt.verdict.case import Case
from aprt.view.columns import WIDTH
from aprt.view.lists import wrapped
from aprt.view.paint import Paint


def heading(case: Case, paint: Paint) -> str:
    """The reference and the title of a case, on several lines when one is too short for both."""
    reference, title = str(case), case.scenario.title
    if len(reference) + 2 + len(title) <= WIDTH:
        return f"{paint.bold(reference)}  {title}"
    return f"{paint.bold(reference)}\n{wrapped(title)}"


def claim(property: Property, paint: Paint, between: str = ": ") -> str:
    """The number and the title of a property; once where they are the same, as `always` and `at_end` make them."""
    return paint.bold(property.id) + (f"{between}{property.title}" if property.title != property.id else "")
