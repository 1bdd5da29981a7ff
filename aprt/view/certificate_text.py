"""What a verdict rests on (`verdict.certificate`) as text: some facts in every verdict, and the whole.

What matters most comes first: messages that code would send and nobody handled, then branches of procedures and of
handlers, and at last what other scenarios are for.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from aprt.core.amount import count
from aprt.verdict.branches import Branch
from aprt.verdict.certificate import GRANULARITY, Certificate, Exercised
from aprt.verdict.verdict import Verdict
from aprt.view.columns import WIDTH
from aprt.view.covered_text import open_since
from aprt.view.lists import fact
from aprt.view.paint import Paint
from aprt.view.unexercised_text import not_met
from aprt.view.version import aprt_version


def amounts(verdict: Verdict, certificate: Certificate) -> dict[str, str]:
    """The facts in every verdict: the head of each row, and its text."""
    found = certificate.exercised
    told = {} if found is None else {"exercised": _amounts(found), **not_met(found.gaps, verdict.case.name)}
    return told | {"model": f"{certificate.model}; aprt {aprt_version()}"}


def _amounts(found: Exercised) -> str:
    contexts = f"{len(found.contexts)} of {count(len(found.contexts) + len(found.idle), 'context')}"
    messages = f"{found.handled} of {count(found.messages, 'message')}"
    procedures = sum(branch.procedure for branch in found.branches)
    branches = f"{count(len(found.branches), 'branch', 'branches')} never entered, {procedures} of procedures"
    called = f", which call {count(len(found.called), 'more message')}" if found.called else ""
    return f"{contexts}, {messages}; {branches}{called} (--certificate lists them)"


def certificate_text(verdict: Verdict, certificate: Certificate, paint: Paint) -> str:
    """The whole certificate."""
    exploration = verdict.exploration
    loop = "" if exploration.loop is None else f" ({exploration.loop} loop)"
    known = {
        "strategy": f"{exploration.manner}{loop}",
        "ended": open_since(exploration) or "complete",
        "a step": GRANULARITY,
        "on": ", ".join(certificate.checked),
        "off": ", ".join(certificate.unchecked) or "none",
        "detectors": _detectors(certificate),
    }
    lines = [paint.bold("certificate"), *(line for name, text in known.items() for line in fact(name, text, paint))]
    if certificate.exercised is None:
        lines += fact("exercised", "not known: the search did not come to its end", paint)
    else:
        lines += _lists(certificate.exercised, paint)
    return "\n".join(lines)


def _detectors(certificate: Certificate) -> str:
    on = ", ".join(f"{kind} ({', '.join(ids)})" for kind, ids in certificate.detectors.items() if ids)
    off = ", ".join(kind for kind, ids in certificate.detectors.items() if not ids)
    return f"{on or 'none'}; off: {off}"


def _lists(found: Exercised, paint: Paint) -> Iterator[str]:
    procedures = [branch for branch in found.branches if branch.procedure]
    handlers = [branch for branch in found.branches if not branch.procedure]
    kinds = (f"{kind}: {', '.join(messages)}" for kind, messages in found.never.items())
    yield from _list("properties that no step is about", found.vacuous, paint)
    yield from _list("contexts that never took a step", found.idle, paint)
    yield from _list("sent, and waited with for ever", found.waited, paint)
    yield from _names("never handled: an answer might lead there, or the actor is your own", found.gaps, paint)
    yield from _names("never handled, and called where no step came", found.called, paint)
    yield from _list("choices with one option", found.single, paint)
    yield from _list("answers never given", found.answers, paint)
    yield from _list("branches of procedures never entered", map(_branch, procedures), paint)
    yield from _list("branches of handlers never entered", map(_branch, handlers), paint)
    yield from _list("never handled, by kind", kinds, paint)
    yield from _names("kinds that took no part", found.absent, paint)


def _branch(branch: Branch) -> str:
    calls = f": {', '.join(branch.calls)}" if branch.calls else ""
    return f"{branch.where} {branch.function}{calls}"


def _list(title: str, items: Iterable[str], paint: Paint) -> Iterator[str]:
    """The title, and a line for each item."""
    found = tuple(items)
    if found:
        yield f"{paint.dim(title)} ({len(found)})"
    for item in found:
        yield from textwrap.wrap(item, WIDTH, initial_indent="  ", subsequent_indent="      ")


def _names(title: str, names: Sequence[str], paint: Paint) -> Iterator[str]:
    """The title, and all names in one paragraph."""
    if names:
        yield f"{paint.dim(title)} ({len(names)})"
        yield from textwrap.wrap(", ".join(names), WIDTH, initial_indent="  ", subsequent_indent="  ")
