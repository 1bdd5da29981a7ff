"""The lock order of a case as text, as JSON, and as a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from aprt.core.amount import count
from aprt.core.documented_order import Standing
from aprt.core.lock_order import INTERRUPTS, around, title
from aprt.verdict.locks import Locks, Observed
from aprt.view.commands import quoted
from aprt.view.covered_text import seen, stopped
from aprt.view.heading import heading
from aprt.view.json_text import dump
from aprt.view.last_line import last_line, switches
from aprt.view.lists import wrapped
from aprt.view.paint import Paint
from aprt.view.realised_text import realised_lines, realised_object, realised_word
from aprt.view.version import aprt_version
from aprt.view.words import ends_at

LOCKS_SCHEMA = "aprt.locks/1"

_MARKS: Mapping[Standing, str] = MappingProxyType({"documented": " ", "contradicts": "!", "undocumented": "?"})


def locks_text(locks: Locks, changed: Locks | None, paint: Paint) -> str:
    """At most 75 letters wide, apart from the last line, which is for grep. changed: the case to compare with.

    Edges that follow from others are counted only.
    """
    parts = [
        heading(locks.case, paint),
        _section("documented, outer first", _document(locks), paint),
        _section(_observed(locks), [*_legend(locks), *_beyond(locks), *_edges(locks, locks.direct, paint)], paint),
        _section("cycle", [line for one in (locks, changed) if one is not None for line in _cycle(one)], paint),
        *([_section("interrupts", handled, paint)] if (handled := [*_interrupts(locks)]) else []),
        _section("taken, and never waited for", [", ".join(locks.uncontended)], paint),
        _section("never taken", [", ".join(locks.unused)], paint),
    ]
    if locks.asserted:
        parts.append(_section("asserted to be held, and by which handlers", _asserted(locks), paint))
    if changed is not None:
        added, removed = (
            _edges(changed, changed.beyond(locks), paint, new=True),
            _edges(locks, locks.beyond(changed), paint),
        )
        parts.append(_section(f"added by {changed.case}", [*_beyond(changed), *added], paint))
        parts.append(_section(f"removed by {changed.case}", removed, paint))
    return "\n\n".join([*parts, locks_line(locks, changed)])


def searched(locks: Locks) -> str:
    """In one line, how much was searched, and how that ended."""
    found = locks.exploration
    return f"{seen(found)}; {stopped(found)}" + (f", but {ends_at(found.unasked)}" if found.unasked else "")


def locks_line(locks: Locks, changed: Locks | None) -> str:
    """The last line."""
    compared: dict[str, object] = {}
    if changed is not None:
        compared = {
            "added": len(changed.beyond(locks)),
            "removed": len(locks.beyond(changed)),
            "contradicting_after": len(changed.those("contradicts")),
            **_cyclic(changed, "_after"),
        }
    both = (locks,) if changed is None else (locks, changed)
    ends = ",".join(dict.fromkeys(id for one in both for id in one.exploration.unasked))
    told = {
        "scenario": locks.case.name,
        "era": locks.case.era.name,
        **switches(locks.case.settings),
        "edges": len(locks.edges),
        "contradicting": len(locks.those("contradicts")),
        "undocumented": len(locks.those("undocumented")),
        **_cyclic(locks),
        **compared,
        **({"unasked": ends} if ends else {}),
        "complete": all(one.complete for one in both),
    }
    return last_line("LOCKS", told)


def _cyclic(locks: Locks, suffix: str = "") -> dict[str, object]:
    if locks.realised is None:
        return {f"cycle{suffix}": "no" if locks.complete else "?"}
    return {f"cycle{suffix}": True, f"realised{suffix}": realised_word(locks.realised)}


def locks_json(locks: Locks, changed: Locks | None) -> str:
    """One object, `aprt.locks/1`. cycle: the first of `cycles`, which is real if one is; null for none."""
    compared = None
    if changed is not None:
        compared = {
            "scenario": str(changed.case),
            "cycle": _title(changed),
            "cycles": _titles(changed),
            "realised": _realised(changed),
            "complete": changed.complete,
            "unasked": changed.exploration.unasked,
            "added": [_object(changed, edge) | _closed(changed, edge) for edge in changed.beyond(locks)],
            "removed": [_object(locks, edge) for edge in locks.beyond(changed)],
        }
    return dump(
        {
            "schema": LOCKS_SCHEMA,
            "scenario": str(locks.case),
            "complete": locks.complete,
            "unasked": locks.exploration.unasked,
            "states": locks.exploration.states,
            "documented": {"chains": locks.documented.chains, "innermost": locks.documented.innermost},
            "edges": [_object(locks, edge) for edge in locks.edges],
            "cycle": _title(locks),
            "cycles": _titles(locks),
            "realised": _realised(locks),
            "interrupts": {
                irq: {"taken": locks.taken_in(irq), "held_on": locks.held_with_on(irq)} for irq in INTERRUPTS.values()
            },
            "uncontended": locks.uncontended,
            "unused": locks.unused,
            "absent": locks.absent,
            "asserted": locks.asserted,
            "compared": compared,
            "version": aprt_version(),
        }
    )


def locks_dot(locks: Locks, changed: Locks | None) -> str:
    """A digraph for graphviz: what contradicts the document is red, what it does not name dashed, what was not observed
    of it dotted, and what `changed` adds bold.
    """
    added = () if changed is None else changed.beyond(locks)
    shown = (*locks.direct, *added)
    observed = {edge.pair for edge in (*locks.edges, *added)}
    looks: Mapping[Standing, str] = {"documented": "solid", "contradicts": "solid", "undocumented": "dashed"}
    lines = [f'digraph "{locks.case}" {{', "  node [shape=box];"]
    for edge in shown:
        style = f"{looks[edge.standing]},bold" if edge in added else looks[edge.standing]
        red = " color=red" if edge.standing == "contradicts" else ""
        lines.append(f'  "{edge.held}" -> "{edge.asked}" [style="{style}"{red} tooltip="{_witness(edge)}"];')
    document = dict.fromkeys(pair for chain in locks.documented.chains for pair in pairwise(chain))
    lines += (f'  "{held}" -> "{asked}" [style="dotted"];' for held, asked in document if (held, asked) not in observed)
    return "\n".join([*lines, "}"])


def _section(head: str, lines: Iterable[str], paint: Paint) -> str:
    body = [wrapped(f"  {line}", " " * (4 + len(line) - len(line.lstrip()))) for line in lines if line]
    return "\n".join([wrapped(paint.bold(head), "  "), *(body or ["  none"])])


def _document(locks: Locks) -> Iterator[str]:
    yield from (" -> ".join(chain) for chain in locks.documented.chains)
    yield from (f"{name} innermost" for name in locks.documented.innermost)
    if locks.absent:
        yield f"not here: {', '.join(locks.absent)}"


def _observed(locks: Locks) -> str:
    shown = len(locks.direct)
    more = f", {shown} of them below, from which the others follow" if shown < len(locks.edges) else ""
    states, end = count(locks.exploration.states, "state"), stopped(locks.exploration)
    return f"observed: {count(len(locks.edges), 'edge')}{more} ({states}, {end})"


def _beyond(locks: Locks) -> Iterator[str]:
    """What is not observed because executions end before it, and how to see where they do."""
    if ids := locks.exploration.unasked:
        yield f"{ends_at(ids)}; what it would lock after that is not observed. Where it ends:"
        yield f"aprt explore {quoted(locks.case)} {' '.join(f'--property {id}' for id in ids)}"


def _legend(locks: Locks) -> Iterator[str]:
    if locks.documented.classes and len(locks.those("documented")) < len(locks.edges):
        yield "(!: contradicts the document; ?: the document says nothing of it)"


def _asserted(locks: Locks) -> Iterator[str]:
    for wanted, handlers in locks.asserted.items():
        yield wanted
        yield f"  {', '.join(handlers)}"


def _edges(locks: Locks, edges: Iterable[Observed], paint: Paint, *, new: bool = False) -> Iterator[str]:
    """new: they are what a change adds; the cycles that they close are told."""
    for edge in edges:
        reading = " for reading" if edge.reading else ""
        line = f"{_MARKS[edge.standing]} {edge.held} -> {edge.asked}{reading}"
        yield paint.red(line) if edge.standing == "contradicts" else line
        yield f"    {_witness(edge)}"
        if against := locks.against(edge):
            yield f"    documented: {against}"
        if new and (cycle := locks.closed_by(edge)) is not None:
            yield f"    closes a cycle: {around(cycle)}"


def _witness(edge: Observed) -> str:
    # helpers that take locks for others say little by themselves
    where = ", ".join(f"{function}()" for function in edge.functions[-2:])
    return f"{edge.witness.by.context} in {where}" if where else edge.witness.by.context


def _titles(locks: Locks) -> list[str]:
    return [title(cycle) for cycle in locks.cycles]


def _title(locks: Locks) -> str | None:
    return title(locks.cycles[0]) if locks.cycles else None


def _cycle(locks: Locks) -> Iterator[str]:
    if locks.realised is None:
        return
    first, *others = _titles(locks)
    yield first
    yield from realised_lines(locks.realised)
    yield from (f"also: {other}" for other in others)
    if locks.cyclic is not None:
        yield f"aprt explore {quoted(locks.case)} --property {locks.cyclic}{' --stop-on all' if others else ''}"


def _interrupts(locks: Locks) -> Iterator[str]:
    """What handlers take, and what is held where one may come; nothing of kinds whose handlers take nothing."""
    for irq in INTERRUPTS.values():
        if taken := locks.taken_in(irq):
            yield f"taken in a {irq}: {', '.join(taken)}"
            yield f"held with {irq}s on: {', '.join(locks.held_with_on(irq)) or 'none'}"


def _realised(locks: Locks) -> dict[str, Any] | None:
    return None if locks.realised is None else realised_object(locks.realised)


def _closed(locks: Locks, edge: Observed) -> dict[str, Any]:
    cycle = locks.closed_by(edge)
    return {"closes": None if cycle is None else [one.held for one in cycle]}


def _object(locks: Locks, edge: Observed) -> dict[str, Any]:
    return {
        "held": edge.held,
        "asked": edge.asked,
        "reading": edge.reading,
        "standing": edge.standing,
        "against": locks.against(edge) or None,
        "context": edge.witness.by.context,
        "functions": list(edge.functions),
        "holding": [hold.lock for hold in edge.witness.by.held],
        "asking": edge.witness.lock.lock,
    }
