"""A verdict as text: what was asked, what came out, how to see it again, and what it does not cover.

At most 75 letters wide, apart from the last line, which is for grep: words after `aprt: VIOLATED` are `key=value`, and
`-` stands for nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from aprt.core.amount import count
from aprt.core.properties import Property, hanging
from aprt.core.scenario import Settings
from aprt.explore.result import Exploration
from aprt.verdict.certificate import Certificate, certify
from aprt.verdict.verdict import NOT_MODELLED, Shown, Verdict
from aprt.view.certificate_text import amounts, certificate_text, remark
from aprt.view.columns import WIDTH, columns
from aprt.view.commands import command_lines
from aprt.view.heading import heading
from aprt.view.lists import wrapped
from aprt.view.paint import Paint
from aprt.view.realised_text import realised_lines
from aprt.view.verdict_json import verdict_object
from aprt.view.words import again, ends_at

_STOPPED = MappingProxyType(
    {
        "max_states": "stopped at --max-states",
        "max_depth": "stopped at --max-depth",
        "budget": "stopped when the --budget was spent",
        "runs": "all runs done",
        "interrupted": "interrupted",
        "violation": "stopped at the first violation",
        "unshown": "a cycle in the lock order was met, and no schedule for it was found soon",
        "endless": "an execution did not end; --max-depth bounds them",
    }
)
_OTHERS = 5  # findings of one property that are told besides the one that is shown
_SIZES = MappingProxyType(
    {
        "shortest": "shortest: no failing schedule with fewer steps exists",
        "optimal": "optimal: no schedule that fails alike has fewer preemptions",
        "1-minimal": "1-minimal: no single cut or move makes it smaller",
    }
)
_SHORTEST_WAY = "shortest: no way to such a loop has fewer steps"
_MEANING = MappingProxyType(
    {
        "VIOLATED": "shown by a schedule that was replayed on trio",
        "HOLDS": "everything within the scope below was covered",
        "NOT FOUND": "no run broke it, which does not mean that none can",
        "INCONCLUSIVE": "not everything within the scope was covered",
    }
)


def verdict_text(verdict: Verdict, paint: Paint, whole: bool = False) -> str:
    """All that a reader needs, ending with the line for grep. whole: with the whole certificate."""
    certificate = certify(verdict)
    parts = [heading(verdict.case, paint)]
    parts += (finding_text(verdict, shown, paint) for shown in verdict.shown)
    if not verdict.shown:
        parts.append(_unbroken(verdict, certificate, paint))
    parts.append("\n".join(_facts(verdict, certificate, paint)))
    if whole:
        parts.append(certificate_text(verdict, certificate, paint))
    parts.append(verdict_line(verdict_object(verdict, certificate)))
    return "\n\n".join(parts)


def verdict_line(answer: Mapping[str, Any]) -> str:
    """The last line, of a verdict as JSON. property: those violated, or else those checked. steps: of the search.

    unexercised: how many properties and messages were not put to the test, where nothing is violated and that is known.
    """
    violated = [finding["property"] for finding in answer["findings"]]
    unexercised = None if violated else answer["certificate"]["unexercised"]
    words = {
        "property": ",".join(violated or answer["properties"]),
        "scenario": answer["scenario"].partition("+")[0],
        "era": answer["era"],
        "with": ",".join(answer["switches"]),
        **({"without": ",".join(answer["without"])} if answer["without"] else {}),
        "complete": "yes" if answer["complete"] else "no",
        "strategy": answer["strategy"],
        "traces": answer["traces"],
        **({} if answer["redundant"] is None else {"redundant": answer["redundant"]}),
        "states": answer["states"],
        "steps": answer["transitions"],
        **({} if unexercised is None else {"unexercised": unexercised}),
        "token": answer["token"],
    }
    told = {key: "-" if value in (None, "") else value for key, value in words.items()}
    return f"aprt: {answer['verdict']} " + " ".join(f"{key}={value}" for key, value in told.items())


def covered(exploration: Exploration) -> str:
    """How much a search saw, and why it ended where it did."""
    return f"{seen(exploration)}; {open_since(exploration) or 'complete'}"


def seen(exploration: Exploration) -> str:
    """How much a search saw."""
    rate = exploration.states / exploration.seconds if exploration.seconds > 0.05 else 0
    amounts = [
        *([count(exploration.executions, "run")] if exploration.executions else []),
        *([f"{exploration.cut:,} of them cut off"] if exploration.cut else []),
        *([] if exploration.redundant is None else [f"{exploration.redundant} redundant"]),
        count(exploration.states, "orbit" if exploration.symmetry else "state"),
        count(exploration.transitions, "step"),
        f"depth {exploration.depth}",
        f"{exploration.seconds:.1f} s" + (f" ({rate:,.0f} states/s)" if rate else ""),
    ]
    return ", ".join(amounts)


def open_since(exploration: Exploration) -> str:
    """Why a search did not cover everything, and what to ask then; empty for one that did."""
    reasons = [] if exploration.stopped is None else [stopped(exploration)]
    if exploration.unasked:
        asking = " ".join(f"--property {id}" for id in exploration.unasked)
        reasons.append(f"{ends_at(exploration.unasked)}, which was not asked; ask {asking}")
    return "; ".join(reasons)


def stopped(exploration: Exploration) -> str:
    """At what a search stopped; "complete" for one that went to the end."""
    return "complete" if exploration.stopped is None else _STOPPED.get(exploration.stopped, exploration.stopped)


def finding_text(verdict: Verdict, shown: Shown, paint: Paint) -> str:
    """What is wrong, the schedule in columns, and how to see it again."""
    finding = shown.finding
    title = verdict.property(finding.property).title
    others = verdict.others(finding)
    several = f" ({count(1 + len(others), 'finding')})" if others else ""
    lines = [f"{paint.red('VIOLATED')} {paint.bold(finding.property)}: {title}{several}", *_indented(finding.text), ""]
    lines += _cycle(shown)
    if not shown.parts:
        lines += _schedule(shown, verdict.property(finding.property), verdict.case.scenario.properties)
    if others:
        lines.append("")
        lines += (line for text in others[:_OTHERS] for line in _indented(f"also: {text}"))
    if len(others) > _OTHERS:
        lines.append(f"  and {len(others) - _OTHERS:,} more; --format json has all")
    return "\n".join(lines)


def _cycle(shown: Shown) -> Iterable[str]:
    """Who makes the edges of a cycle in the lock order; where that takes several executions, with a token for each."""
    tokens = [part.token or "(too long for a token)" for part in shown.parts]
    for part, token in zip_longest(shown.finding.parts, tokens):
        yield from textwrap.wrap(part.text, WIDTH, initial_indent="  ", subsequent_indent="    ")
        if token is not None:
            yield from command_lines("", f"aprt replay {token}")
    for line in () if shown.realised is None else realised_lines(shown.realised):
        yield from wrapped(f"  {line}", "    ").splitlines()
    if shown.parts:
        yield from ["", "no execution shows the whole cycle soon: each of these shows its own part of it"]
    elif shown.finding.parts:
        yield ""


def _schedule(shown: Shown, property: Property, own: Collection[str]) -> Iterable[str]:
    yield from (f"  {line}".rstrip() for line in columns(shown.events, brief=True, width=WIDTH - 2))
    finding = shown.finding
    if finding.loop:
        yield f"  and so on: {again(finding.loop)}"
    yield ""
    steps, switches = count(len(finding.schedule), "step"), count(finding.schedule.switches, "switch", "switches")
    if shown.token is None:
        yield f"{steps}, {switches}; too long for a token: --schedule FILE keeps it for aprt replay FILE"
    else:
        yield from command_lines("reproduce", f"aprt replay {shown.token}")
        which = "" if finding.property in own else f" --property {finding.property}"
        yield from command_lines("explain", f"aprt explain {shown.token}{which}", f"all {steps}, {switches}")
        if shown.size != "optimal" and not (finding.loop or hanging(property)):
            yield from command_lines("shrink", f"aprt shrink {shown.token}", "to the fewest preemptions")
    yield f"size        {_SHORTEST_WAY if finding.loop else _SIZES[shown.size]}"


def _unbroken(verdict: Verdict, certificate: Certificate, paint: Paint) -> str:
    colour = paint.green if verdict.word == "HOLDS" else paint.yellow
    lines = [f"{colour(verdict.word)}  {_MEANING[verdict.word]}"]
    lines += (f"  {paint.bold(p.id)} {p.title}" for p in verdict.properties)
    if verdict.for_states:
        lines.append(f"no run shows what goes on for ever ({', '.join(verdict.for_states)}); use --strategy states")
    if verdict.exploration.unexercised:
        lines += textwrap.wrap(vacuous(verdict.exploration.unexercised), WIDTH)
    lines += remark(verdict, certificate)
    lines += (f"  {line}" for line in _drawn(verdict.exploration))
    return "\n".join(lines)


def vacuous(ids: tuple[str, ...]) -> str:
    """What is said of properties that hold because nothing they speak of can happen."""
    was, they = ("was", "it is") if len(ids) == 1 else ("were", "they are")
    return f"HOLDS, but {', '.join(ids)} {was} never exercised: no step that {they} about is possible here"


def _drawn(exploration: Exploration) -> Iterable[str]:
    """What lots that were drawn say about what was not seen."""
    if exploration.unseen is not None and exploration.unseen_below is not None:
        mass = f"{exploration.unseen:.1%}, at most {exploration.unseen_below:.1%} (95 %)"
        yield f"chance that one more run shows a new trace: {mass}"
    if exploration.chao1 is not None:
        yield f"{count(exploration.traces or 0, 'trace')} seen, about {exploration.chao1:,.0f} or more there are"
    if (bound := exploration.guarantee) is not None:
        yield f"a violation of depth {bound.depth} shows in a run with a chance of {bound.chance:.2g} or more,"
        yield f"so {count(bound.runs, 'run')} would have shown it with 99 %"
    if exploration.turns:
        yield "runs by " + ", ".join(f"{name} {turns:,}" for name, turns in exploration.turns)


def _facts(verdict: Verdict, certificate: Certificate, paint: Paint) -> Iterable[str]:
    model = verdict.model
    assumed = ", ".join(f"{name}={value}" for name, value in model.assumptions) or "none"
    facts = {
        "covered": covered(verdict.exploration),
        "switches": _switches(verdict.case.settings),
        "scope": "; ".join(model.scope),
        "assumed": assumed,
        **_needed(verdict),
        "not in it": ", ".join(NOT_MODELLED),
    }
    if not verdict.shown:
        facts |= amounts(certificate)
    if verdict.exploration.picked is not None:
        facts["picked"] = f"{verdict.exploration.strategy}, since {verdict.exploration.picked}"
    if verdict.exploration.unmerged:
        facts["unmerged"] = ", ".join(verdict.exploration.unmerged)
    if verdict.exploration.apart:
        facts["told apart"] = "; ".join(verdict.exploration.apart)
    for name, text in facts.items():
        first, *more = textwrap.wrap(text, WIDTH - 12) or [""]
        yield f"{paint.dim(name.ljust(12))}{first}"
        yield from (" " * 12 + line for line in more)


def _needed(verdict: Verdict) -> dict[str, str]:
    """Which assumptions the properties that hold are known to need."""
    by: dict[str, list[str]] = {}
    for id, name in verdict.needed:
        by.setdefault(name, []).append(id)
    told = [f"{name}={value} by {', '.join(by[name])}" for name, value in verdict.model.assumptions if name in by]
    return {"needed": "; ".join(told)} if told else {}


def _switches(settings: Settings) -> str:
    return ", ".join([*settings.names(), *(f"without {name}" for name in settings.without)]) or "none"


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 2, initial_indent="  ", subsequent_indent="  ")
