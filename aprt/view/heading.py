"""The first line of an answer: which case it is about."""

from __future__ import annotations

from aprt.verdict.case import Case
from aprt.view.columns import WIDTH
from aprt.view.paint import Paint


def heading(case: Case, paint: Paint) -> str:
    """The reference and the title of a case, on two lines when one is too short for both."""
    reference, title = str(case), case.scenario.title
    between = "  " if len(reference) + 2 + len(title) <= WIDTH else "\n"
    return f"{paint.bold(reference)}{between}{title}"
