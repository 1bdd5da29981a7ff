"""What a verdict that nothing violates says of what it did not put to the test."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from aprt.museum.broken import broken_by
from aprt.verdict.certificate import Exercised
from aprt.verdict.verdict import Verdict, Word
from aprt.view.columns import WIDTH

_NAMED = 5  # messages


def unexercised_lines(verdict: Verdict, found: Exercised | None) -> Iterator[str]:
    """Beside the verdict, of what it says nothing of: properties, and functions of patches.

    found: None where it is not known.
    """
    if ids := verdict.exploration.unexercised:
        yield from textwrap.wrap(f"{vacuous(verdict.word, ids)}{_elsewhere(ids, verdict.case.era.name)}", WIDTH)
    for function in () if found is None else found.unrun:
        yield from textwrap.wrap(f"{verdict.word}, but {function} was never run: no step here calls it", WIDTH)


def vacuous(word: Word, ids: Sequence[str]) -> str:
    """What is said of properties that nothing breaks because nothing they speak of can happen, or did."""
    was, they = ("was", "it is") if len(ids) == 1 else ("were", "they are")
    why = f"no step that {they} about is possible here" if word == "HOLDS" else f"no run took a step that {they} about"
    return f"{word}, but {', '.join(ids)} {was} never exercised: {why}"


def _elsewhere(ids: Iterable[str], era: str) -> str:
    """Cases in which these properties can be seen at work."""
    cases = [f"{case} ({id})" for id in ids if (case := broken_by(id, era)) is not None]
    return f". What breaks {'it' if len(cases) == 1 else 'them'} elsewhere: {', '.join(cases)}" if cases else ""


def not_met(gaps: Sequence[str], case: str) -> dict[str, str]:
    """A fact about messages that nobody handled, as `Kind.message`; nothing where there are none."""
    if not gaps:
        return {}
    named, more = ", ".join(gaps[:_NAMED]), len(gaps) - _NAMED
    names = f"{named} and {more} more" if more > 0 else named
    them, they = ("it", "it does") if len(gaps) == 1 else ("them", "they do")
    setting = f"another setting may lead there: aprt scenario show {case}"
    return {"not met": f"{names}: no step here handles {them}, so what {they} is not judged ({setting})"}
