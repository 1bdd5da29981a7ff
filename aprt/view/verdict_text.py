"""A verdict as text: what was asked, what came out, how to see it again, and what it does not cover.

At most 75 letters wide, apart from the last line, which is for grep: words after `aprt: VIOLATED` are `key=value`, and
`-` stands for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from aprt.core.amount import count
from aprt.core.properties import DEADLOCK, LIVELOCK, endless
from aprt.core.scenario import Settings
from aprt.explore.result import Exploration
from aprt.explore.sampling.walks import MAX_STEPS
from aprt.verdict.certificate import Certificate, certify
from aprt.verdict.verdict import Verdict, patched
from aprt.view.certificate_text import amounts, certificate_text
from aprt.view.covered_text import covered
from aprt.view.finding_text import finding_text
from aprt.view.heading import claim, heading
from aprt.view.last_line import last_line
from aprt.view.lists import fact, wrapped
from aprt.view.paint import Paint
from aprt.view.unexercised_text import unexercised_lines
from aprt.view.verdict_json import verdict_object

_MEANING = MappingProxyType(
    {
        "VIOLATED": "shown by a schedule that was replayed on trio",
        "HOLDS": "everything within the scope below was covered",
        "NOT FOUND": "no run broke it, which does not mean that none can",
        "INCONCLUSIVE": "not everything within the scope was covered",
    }
)

_LEFT_OUT = MappingProxyType(
    {
        "strategy": "--property livelock, by --strategy auto, without --symmetry or --loop",
        "max_states": "that takes all states, and they were too many; --strategy states has no limit of its own",
        "max_depth": "--max-depth bounds the states that are looked at",
        "budget": "the --budget was spent before",
        "interrupted": "interrupted before",
    }
)
"""Why nobody looked for loops, by `Exploration.unjudged`."""


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

    deadlocks: states in which nobody can go on, where nothing is violated and nobody asked. unexercised: how many
    properties and messages were not put to the test, where nothing is violated and that is known.
    """
    violated = [finding["property"] for finding in answer["findings"]]
    unexercised = None if violated else answer["certificate"]["unexercised"]
    told = {
        "property": ",".join(violated or answer["properties"]),
        "scenario": answer["scenario"].partition("+")[0],
        "era": answer["era"],
        "with": ",".join(answer["switches"]),
        **({"without": ",".join(answer["without"])} if answer["without"] else {}),
        "complete": answer["complete"],
        "strategy": answer["strategy"],
        "traces": answer["traces"],
        **({} if answer["redundant"] is None else {"redundant": answer["redundant"]}),
        "states": answer["states"],
        "steps": answer["transitions"],
        **({"deadlocks": answer["deadlocks"]} if answer["deadlocks"] and not violated else {}),
        **({} if unexercised is None else {"unexercised": unexercised}),
        "token": answer["token"],
    }
    return last_line(answer["verdict"], told)


def _unbroken(verdict: Verdict, certificate: Certificate, paint: Paint) -> str:
    lines = [f"{paint.answer(verdict.word)}  {_MEANING[verdict.word]}"]
    lines += (f"  {claim(p, paint, ' ')}" for p in verdict.properties)
    if verdict.for_states:
        lines.append(f"no run shows what goes on for ever ({', '.join(verdict.for_states)}); use --strategy states")
    lines += unexercised_lines(verdict, certificate.exercised)
    lines += (line for text in _drawn(verdict.exploration) for line in wrapped(f"  {text}", "  ").splitlines())
    return "\n".join(lines)


def _drawn(exploration: Exploration) -> Iterable[str]:
    """What random runs say about what was not seen."""
    if exploration.unseen is not None and exploration.unseen_below is not None:
        mass = f"{exploration.unseen:.1%}, at most {exploration.unseen_below:.1%} (95 %)"
        yield f"chance that one more run shows a new trace: {mass}"
    if exploration.chao1 is not None:
        yield f"{count(exploration.traces or 0, 'trace')} seen, of about {exploration.chao1:,.0f} or more"
    if (bound := exploration.guarantee) is not None:
        yield f"a violation of depth {bound.depth} shows in a run with a chance of {bound.chance:.2g} or more,"
        yield f"so {count(bound.runs, 'run')} would have shown it with 99 %"
    elif exploration.strategy.startswith("pct:") and exploration.cut:
        yield "what these runs would have shown for sure is not known, as some were cut off"
    if exploration.cut and exploration.depth == MAX_STEPS:
        yield f"runs that go round for ever are cut after {MAX_STEPS:,} steps; --max-depth bounds them"
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
        **_deadlocks(verdict),
        **_not_asked(verdict),
        **_needed(verdict),
        "not in it": ", ".join(verdict.not_modelled),
    }
    if not verdict.shown:
        facts |= amounts(verdict, certificate)
    if verdict.exploration.picked is not None:
        facts["picked"] = f"{verdict.exploration.strategy}, since {verdict.exploration.picked}"
    if verdict.exploration.unmerged:
        facts["unmerged"] = ", ".join(verdict.exploration.unmerged)
    if verdict.exploration.apart:
        facts["told apart"] = "; ".join(verdict.exploration.apart)
    for name, text in facts.items():
        yield from fact(name, text, paint)


def _deadlocks(verdict: Verdict) -> dict[str, str]:
    """The row about deadlocks that were met and that no property which was asked about judges."""
    if verdict.shown or not verdict.deadlocks_unasked:
        return {}
    asking = "; ask --property deadlock" if any(p.id == DEADLOCK.id for p in verdict.model.properties) else ""
    return {"deadlocks": f"{count(verdict.deadlocks_unasked, 'state')} in which nobody can go on{asking}"}


def _not_asked(verdict: Verdict) -> dict[str, str]:
    """What a verdict without a finding leaves unsaid of a patch, but for deadlocks, which have a row of their own."""
    if verdict.shown or not patched(verdict.case):
        return {}
    unasked = [property.id for property in verdict.unasked_of_patch if property.id != DEADLOCK.id]
    told = []
    if rules := [id for id in unasked if id != LIVELOCK.id]:
        told.append(f"{', '.join(rules)}: rules that a patch may break (asked where no --property is named)")
    if LIVELOCK.id in unasked:
        why = _LEFT_OUT[verdict.exploration.unjudged or "strategy"]
        told.append(f"livelock: whether the patch makes somebody go on for ever ({why})")
    known = [p for p in verdict.model.properties if not (p.implied or p.of_patches or endless(p))]
    more = len([p for p in known if p not in verdict.properties])
    if not rules and more:
        others = count(more, "other property", "other properties")
        told.append(f"{others} that the patch may break (--compare with=PATCH, in place of --with PATCH)")
    return {"not asked": "; ".join(told)} if told else {}


def _needed(verdict: Verdict) -> dict[str, str]:
    """The row about assumptions that properties which hold are known to need."""
    by: dict[str, list[str]] = {}
    for id, name in verdict.needed:
        by.setdefault(name, []).append(id)
    told = [f"{name}={value} by {', '.join(by[name])}" for name, value in verdict.model.assumptions if name in by]
    return {"needed": "; ".join(told)} if told else {}


def _switches(settings: Settings) -> str:
    return ", ".join([*settings.names(), *(f"without {name}" for name in settings.without)]) or "none"
