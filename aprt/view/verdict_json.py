"""Verdicts as JSON, for programs. The keys and the words in them are a contract."""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.schedule import Schedule
from aprt.explore.result import Exploration
from aprt.verdict.certificate import Certificate, certify
from aprt.verdict.verdict import Shown, Verdict
from aprt.view.certificate_json import certificate_object
from aprt.view.covered_text import open_since
from aprt.view.finding_text import finding_text
from aprt.view.json_text import dump
from aprt.view.paint import Paint
from aprt.view.realised_text import realised_object
from aprt.view.version import aprt_version

SCHEMA = "aprt.verdict/1"


def verdict_json(verdict: Verdict) -> str:
    """One object, `aprt.verdict/1`: null where nothing is known, as for `traces` in a search over states."""
    return dump(verdict_object(verdict))


def verdict_object(verdict: Verdict, certificate: Certificate | None = None) -> dict[str, Any]:
    """What `verdict_json` writes. certificate: that of the verdict, if it is known.

    traces: of executions that came to their end, so 0 where the first one was stopped at a violation.
    open: why not everything was covered; null where it was. deadlocks: states in which nobody can go on, where no
    property that was asked about says a word of them. told: of a finding, what `aprt explore` prints, by lines.
    """
    exploration = verdict.exploration
    return {
        "schema": SCHEMA,
        "verdict": verdict.word,
        "scenario": str(verdict.case),
        "era": verdict.case.era.name,
        "switches": list(verdict.case.settings.names()),
        "without": list(verdict.case.settings.without),
        "properties": [p.id for p in verdict.properties],
        "titles": {p.id: p.title for p in verdict.properties},
        "unexercised": None if exploration.unexercised is None else list(exploration.unexercised),
        "left_out": [attrs.asdict(less) for less in verdict.left_out],
        "complete": exploration.complete,
        "open": open_since(exploration) or None,
        "scope": [*verdict.model.scope, f"not modelled: {', '.join(verdict.not_modelled)}"],
        "strategy": exploration.manner,
        "picked": exploration.picked,
        "apart": list(exploration.apart),
        "executions": exploration.executions,
        "traces": exploration.traces,
        "redundant": exploration.redundant,
        "sleep_blocked": exploration.sleep_blocked,
        "states": exploration.counted,
        "transitions": exploration.transitions,
        "depth": exploration.depth,
        "deadlocks": verdict.deadlocks_unasked,
        "seconds": round(exploration.seconds, 3),
        "seed": exploration.seed,
        "drawn": _drawn(exploration),
        "token": verdict.shown[0].token if verdict.shown else None,
        "findings": [_finding(verdict, shown) for shown in verdict.shown],
        "assumptions": dict(verdict.model.assumptions),
        "needed": [{"property": id, "assumption": name} for id, name in verdict.needed],
        "certificate": certificate_object(exploration, certificate or certify(verdict)),
        "version": aprt_version(),
    }


def _finding(verdict: Verdict, shown: Shown) -> dict[str, Any]:
    return {
        "property": shown.finding.property,
        "title": verdict.property(shown.finding.property).title,
        "text": shown.finding.text,
        "told": finding_text(verdict, shown, Paint()).splitlines(),
        "also": list(verdict.others(shown.finding)),
        "token": shown.token,
        "size": shown.size,
        "schedule": _labels(shown.finding.schedule),
        "loop": shown.finding.loop,
        "realised": None if shown.realised is None else realised_object(shown.realised),
        "parts": [
            {
                "text": part.finding.text,
                "token": part.token,
                "size": part.size,
                "schedule": _labels(part.finding.schedule),
            }
            for part in shown.parts
        ],
    }


def _drawn(exploration: Exploration) -> dict[str, Any] | None:
    """What random runs say about what was not seen; null for strategies without them."""
    if exploration.unseen is None:
        return None
    bound = exploration.guarantee
    return {
        "unseen": exploration.unseen,
        "unseen_below": exploration.unseen_below,
        "chao1": exploration.chao1,
        "cut": exploration.cut,
        "guarantee": None if bound is None else {"depth": bound.depth, "chance": bound.chance, "runs": bound.runs},
        "turns": dict(exploration.turns),
    }


def _labels(schedule: Schedule) -> list[list[str]]:
    return [[label.context, label.op] for label in schedule]
