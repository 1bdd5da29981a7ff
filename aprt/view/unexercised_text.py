"""What a verdict without a violation says about properties, messages and patches that it did not put to the test."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from aprt.core.scenario import Era
from aprt.museum.broken import broken_by
from aprt.verdict.certificate import Exercised
from aprt.verdict.left_out import LeftOut
from aprt.verdict.verdict import Verdict, Word
from aprt.view.columns import WIDTH
from aprt.view.commands import quoted

_NAMED = 5  # messages, or steps


def unexercised_lines(verdict: Verdict, found: Exercised | None) -> Iterator[str]:
    """Properties and functions of patches that the verdict says nothing about. found: None where it is not known."""
    if ids := verdict.exploration.unexercised:
        text = f"{vacuous(verdict.word, ids)}{_elsewhere(ids, verdict.case.era)}"
        yield from textwrap.wrap(text, WIDTH, break_on_hyphens=False)
    for function in () if found is None else found.unrun:
        yield from textwrap.wrap(f"{verdict.word}, but {function} was never run: no step here calls it", WIDTH)
    for less in verdict.left_out:
        yield from textwrap.wrap(left_out_text(less), WIDTH, break_on_hyphens=False)


def vacuous(word: Word, ids: Sequence[str]) -> str:
    """A sentence about properties that hold because no step they are about is possible, or was taken."""
    was, they = ("was", "it is") if len(ids) == 1 else ("were", "they are")
    why = f"no step that {they} about is possible here" if word == "HOLDS" else f"no run took a step that {they} about"
    return f"{word}, but {', '.join(ids)} {was} never exercised: {why}"


def left_out_text(less: LeftOut) -> str:
    """A sentence about what a function of a patch does less than the driver's."""
    steps = [*(f"take {lock}" for lock in less.locks), *(f"send {message}" for message in less.messages)]
    return (
        f"{less.function} does in no execution what {less.original}() did: {_few(steps)}. "
        "The patch makes that needless, or forgets it"
    )


def _elsewhere(ids: Iterable[str], era: Era) -> str:
    """A sentence that names cases which break these properties; none for a system of one's own, unlike any case."""
    by: dict[str, list[str]] = {}
    for id in ids if era.scenarios else ():
        if (case := broken_by(id, era.name)) is not None:
            by.setdefault(case, []).append(id)
    cases = ", ".join(f"{case} ({', '.join(broken)})" for case, broken in by.items())
    return f". What breaks {'them' if sum(map(len, by.values())) > 1 else 'it'} elsewhere: {cases}" if by else ""


def not_met(gaps: Sequence[str], case: str) -> dict[str, str]:
    """The row `not met` about messages that nobody handled, given as `Kind.message`; empty where there are none."""
    if not gaps:
        return {}
    them, they = ("it", "it does") if len(gaps) == 1 else ("them", "they do")
    setting = f"another setting may lead there: aprt scenario show {quoted(case)}"
    return {"not met": f"{_few(gaps)}: no step here handles {them}, so what {they} is not judged ({setting})"}


def _few(names: Sequence[str]) -> str:
    named, more = ", ".join(names[:_NAMED]), len(names) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
