"""The races of a case as text and JSON: which orders matter, and an execution of either for those that do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from aprt.core.amount import count
from aprt.explore.conflicts.swaps import Harm, Operation
from aprt.verdict.lookup import natural
from aprt.verdict.races import Raced, Races, Replayed, Stopped
from aprt.view.commands import quoted
from aprt.view.heading import heading
from aprt.view.json_text import dump
from aprt.view.last_line import last_line, switches
from aprt.view.lists import fact, wrapped
from aprt.view.paint import Paint
from aprt.view.version import aprt_version

RACES_SCHEMA: Final = "aprt.races/1"

_MEANS: Mapping[Harm, str] = MappingProxyType(
    {
        "harmful": "the order decides what is violated, or if anything is",
        "order-only": "the same can be violated, but the ends differ",
        "inevitable": "either order always violates {}, so none is shown harmless",
        "benign": "either order comes to the same",
    }
)
_STOPPED: Mapping[Stopped, str] = MappingProxyType(
    {
        "max_states": "not all there are, so no order is judged: --max-states allows for more",
        "budget": "not all there are, so no order is judged: --budget allows for more",
        "interrupted": "interrupted, so no order is judged",
    }
)
_FEW: Final = 12  # races of which no execution is shown


def races_text(races: Races, paint: Paint) -> str:
    """At most 75 letters wide, apart from the last line, which is for grep."""
    parts = [heading(races.case, paint)]
    if races.complete:
        parts += ["\n".join(_section(races, harm, paint)) for harm in _MEANS]
    return "\n\n".join([*parts, "\n".join(_facts(races, paint)), races_line(races)])


def races_line(races: Races) -> str:
    """The last line."""
    case, counts = races.case, {harm: len(races.those(harm)) for harm in _MEANS}
    told = {
        "property": ",".join(p.id for p in races.properties),
        "scenario": case.name,
        "era": case.era.name,
        **switches(case.settings),
        **{harm.replace("-", "_"): n if races.complete else None for harm, n in counts.items()},
        "states": races.states,
        "complete": races.complete,
    }
    return last_line("RACES", told)


def races_json(races: Races) -> str:
    """One object, `aprt.races/1`."""
    return dump(
        {
            "schema": RACES_SCHEMA,
            "scenario": str(races.case),
            "properties": [p.id for p in races.properties],
            "left_out": list(races.left_out),
            "from_start": list(races.from_start),
            "complete": races.complete,
            "stopped": races.stopped,
            "states": races.states,
            "races": [_object(race) for race in races.races],
            "version": aprt_version(),
        }
    )


def _section(races: Races, harm: Harm, paint: Paint) -> Iterator[str]:
    found = races.those(harm)
    colour = _colours(paint)[harm] if found else paint.dim
    means = _MEANS[harm].format(" or ".join(_verdicts(found)))
    head = wrapped(f"{harm}: {count(len(found), 'race')}" + (f"; {means}" if found else ""), "  ")
    yield colour(harm) + head.removeprefix(harm)
    for race in found if harm == "harmful" else found[:_FEW]:
        yield wrapped(f"  {_operation(race.swap.first)}  |  {_operation(race.swap.second)}", "      ")
        if race.swap.differ:
            yield wrapped(f"      differ in {', '.join(race.swap.differ)}", "        ")
        for (context, _), one in zip((race.swap.first, race.swap.second), race.both, strict=False):
            yield from _execution(context, one)
    if harm != "harmful" and len(found) > _FEW:
        yield f"  and {len(found) - _FEW} more; --format json has all"


def _colours(paint: Paint) -> dict[Harm, Callable[[str], str]]:
    return {"harmful": paint.red, "order-only": paint.yellow, "inevitable": paint.yellow, "benign": paint.green}


def _verdicts(found: Iterable[Raced]) -> list[str]:
    return sorted({id for race in found for id in race.swap.verdicts}, key=natural)


def _execution(context: str, one: Replayed) -> Iterator[str]:
    outcome = "it ends well" if one.text is None else f"{one.witness.verdict}: {one.text}"
    yield wrapped(f"    {context} first: {outcome}", "        ")
    yield wrapped(
        f"      aprt replay {quoted(one.token)}" if one.token else "      (too long for a token; --format json has it)"
    )


def _facts(races: Races, paint: Paint) -> Iterator[str]:
    end = "complete" if races.stopped is None else _STOPPED[races.stopped]
    yield from fact("covered", f"{count(races.states, 'state')}, {end}", paint)
    judged = dict.fromkeys((*([p.id for p in races.properties] or ["no property"]), "oops", "deadlock", "hang"))
    yield from fact("judged by", f"{', '.join(judged)}; up to the first of them", paint)
    told = {"told of all executions together": races.left_out, "violated from the start": races.from_start}
    left_out = "; ".join(f"{', '.join(ids)}: {why}" for why, ids in told.items() if ids)
    if left_out:
        yield from fact("left out", left_out, paint)


def _operation(operation: Operation) -> str:
    context, op = operation
    return f"{context}: {op}"


def _object(race: Raced) -> dict[str, Any]:
    swap = race.swap
    return {
        "first": list(swap.first),
        "second": list(swap.second),
        "harm": swap.harm,
        "states": swap.states,
        "differ": list(swap.differ),
        "verdicts": list(swap.verdicts),
        "executions": [
            {
                "verdict": one.witness.verdict,
                "text": one.text,
                "token": one.token,
                "schedule": [[label.context, label.op] for label in one.witness.schedule],
            }
            for one in race.both
        ],
    }
