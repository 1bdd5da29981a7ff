"""What keeps something going for ever, as lines of an explanation and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aprt.core.amount import count
from aprt.explore.failures.endless import Endless, Exit, Need, Standing
from aprt.view.lists import few, under

_OPS: Final = 4  # of a context that goes round


def endless_lines(endless: Endless) -> Iterator[str]:
    """Who goes on or waits; what would end it, and why that does not come; and why it is fair that it never ends."""
    going = [_round(one) for one in endless.standings if one.does == "goes round"]
    waiting = [f"{one.context} waits for {_ops(one)}" for one in _waiting(endless, daemons=False)]
    yield from under("goes on", few([*going, *waiting]))
    yield from under("wanted", few([*_wanted(endless)]))
    asked = {need.context for need in endless.needs}
    idle = [f"{one.context} for {_ops(one)}" for one in _waiting(endless, daemons=True) if one.context not in asked]
    yield from under("meanwhile", [f"waiting: {', '.join(idle)}"] if idle else [])
    yield from under("fair", few([*_fair(endless)]))


def endless_object(endless: Endless) -> dict[str, Any]:
    """The same for programs."""
    return {
        "loop": endless.loop,
        "final": endless.final,
        "rest": [list(step) for step in endless.rest],
        "contexts": [{"context": s.context, "does": s.does, "ops": list(s.ops)} for s in endless.standings],
        "needs": [{"context": n.context, "op": n.op, "for": n.other} for n in endless.needs],
        "exits": [
            {"context": e.context, "op": e.op, "instead": e.instead, "able": e.able, "of": e.of} for e in endless.exits
        ],
    }


def _waiting(endless: Endless, *, daemons: bool) -> list[Standing]:
    return [one for one in endless.standings if one.does == "waits" and one.daemon is daemons]


def _round(one: Standing) -> str:
    return f"{one.context} goes round: {_ops(one)}"


def _ops(one: Standing) -> str:
    between, more = " or " if one.does == "waits" else ", ", len(one.ops) - _OPS
    return between.join(one.ops) if more <= 1 else f"{between.join(one.ops[:_OPS])} and {more} more operations"


def _wanted(endless: Endless) -> Iterator[str]:
    """Contexts that would end it, or let such a context go on; then those that nothing lets go on."""
    standing = {one.context: one for one in endless.standings}
    for need in endless.needs:
        yield f"{need.context}: {need.op}, {_for(need)}; but {_but(standing[need.context])}"
    if not endless.final:
        return
    if not any(need.other is None for need in endless.needs) and endless.loop:
        yield "nothing that anybody does in this scenario ends it"
        return
    chain = dict.fromkeys(need.context for need in endless.needs)
    roots = (one.context for one in _waiting(endless, daemons=False)) if not endless.loop else ()
    for context in dict.fromkeys([*roots, *chain]):
        if standing[context].does in ("waits", "goes round") and not endless.helped(context):
            yield f"nothing that anybody else does makes {context} go on"


def _for(need: Need) -> str:
    return "which ends it" if need.other is None else f"then {need.other} can go on"


def _but(one: Standing) -> str:
    match one.does:
        case "waits":
            return f"{one.context} waits for {_ops(one)}"
        case "may act":
            return f"{one.context} may always come too late"
        case does:
            return f"{one.context} {does}"


def _fair(endless: Endless) -> Iterator[str]:
    for exit in endless.exits:
        yield _passed_by(exit)
    if endless.exits:
        return
    if not endless.final:
        yield "it can end from states beside the loop, to which nobody has to go"
        return
    able = [one.context for one in endless.standings if one.does == "may act"]
    if able:
        yield f"whatever is done from here on, {' and '.join(able)} cannot end it"
    elif any(one.does == "goes round" for one in endless.standings):
        yield "nobody is neglected: no other context can take a step"
    else:
        yield "nobody is neglected: no context can take a step"


def _passed_by(exit: Exit) -> str:
    if exit.instead is None:
        states = count(exit.of, "state")
        return f"{exit.context}: {exit.op} would end it, and is possible in {exit.able} of {states}: it need not come"
    way, other = exit.instead.removeprefix("choose "), exit.op.removeprefix("choose ")
    return f"{exit.context} chooses {way} each time; {other} would end it, and need never be chosen"
