"""What became of a cycle in the lock order, in a few lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aprt.core.amount import count
from aprt.core.lock_order import interrupting, title
from aprt.view.commands import quoted
from aprt.view.words import ends_at

if TYPE_CHECKING:
    from aprt.explore.conflicts.realised import Realisation
    from aprt.verdict.realised import Realised


def realised_lines(realised: Realised) -> Iterator[str]:
    """A few lines, not wrapped: how one of the cycles comes about, or why the first one does not."""
    found = realised.found
    if found is None:
        yield _untold("it")
        return
    if found.schedule is None:
        yield _never(found)
        yield from _others(found)
        return
    yield f"realised by {count(len(found.schedule), 'step')}: {waits_text(found)}"
    yield f"aprt replay {quoted(realised.token)}" if realised.token else "(too long for a token)"


def realised_object(realised: Realised) -> dict[str, Any] | None:
    """The same for programs; None where it cannot be told.

    schedule: null where none was found, which is final for all cycles if `complete`. cycle: the one that the schedule
    makes, or else the one that the other fields are about.
    """
    found = realised.found
    if found is None:
        return None
    return {
        "cycle": title(found.cycle),
        "schedule": None if found.schedule is None else [[label.context, label.op] for label in found.schedule],
        "token": realised.token,
        "waiting": [{"context": d.by.context, "lock": d.lock.lock} for d in found.waiting],
        "gates": list(found.gates),
        "alone": found.alone,
        "states": found.states,
        "complete": found.complete,
        "unasked": list(found.unasked),
    }


def realised_word(realised: Realised) -> str:
    """Whether one of the cycles is real: `yes`, `no` or `open`."""
    found = realised.found
    if found is not None and found.schedule is not None:
        return "yes"
    return "no" if found is not None and found.complete and not _interrupted(found) else "open"


def waits_text(found: Realisation) -> str:
    """Who waits for whom, once around the cycle."""
    holders = [*(demand.by.context for demand in found.waiting[1:]), *(d.by.context for d in found.waiting[:1])]
    return "; ".join(
        f"{demand.by.context} waits for {demand.lock.lock}, which {_holder(demand.by.context, holder)}"
        for demand, holder in zip(found.waiting, holders, strict=True)
    )


def _others(found: Realisation) -> Iterator[str]:
    """What is known of the other cycles, where the first one is never real."""
    if found.complete and found.others:
        yield f"nor does any other cycle{' without interrupts' if _interrupted(found) else ''} come about"
    if _interrupted(found):
        yield _untold("one with interrupts")


def _interrupted(found: Realisation) -> bool:
    """Whether other cycles need an interrupt, so that it cannot be told whether they are real."""
    return any(interrupting(cycle) is not None for cycle in found.others)


def _untold(what: str) -> str:
    return f"whether {what} comes about is not looked for: the model has no CPUs, so no handler keeps anybody waiting"


def _holder(context: str, holder: str) -> str:
    return "it holds itself" if context == holder else f"{holder} holds"


def _never(found: Realisation) -> str:
    if found.unasked:
        return f"not realised in {count(found.states, 'state')}, but {ends_at(found.unasked)}"
    if not found.complete:
        return f"not realised in {count(found.states, 'state')}, which are not all there are"
    if found.gates:
        locks = " and ".join(found.gates)
        why = f"under the gate lock {locks}, only one context at a time makes an edge of it"
    elif found.alone is not None:
        why = f"{found.alone} alone makes its edges"
    else:
        why = "no contexts come to wait for each other like that"
    return f"never realised in all {count(found.states, 'state')}: {why}"
