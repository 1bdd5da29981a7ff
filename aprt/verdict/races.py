"""Which races of a case matter: what the order of two conflicting steps changes, with an execution of either order."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Literal, TypeAlias

import attrs

from aprt.core.execution import Execution
from aprt.core.properties import Property, endless, ordering
from aprt.core.scenario import Model
from aprt.core.schedule import Schedule
from aprt.explore.conflicts.outcomes import Outcomes
from aprt.explore.conflicts.swaps import Harm, Swap, Witness, swaps
from aprt.explore.replay import replay
from aprt.verdict.case import Case
from aprt.verdict.tokens import token_of
from aprt.verdict.verdict import selected

Stopped: TypeAlias = Literal["max_states", "budget", "interrupted"]

STATES = 100_000  # to look at unless told otherwise: some seconds


@attrs.frozen
class Replayed:
    """An execution with the two steps in one order, as trio ran it."""

    witness: Witness
    text: str | None  # what it violates, in words; None where it ends well
    token: str | None  # None where the schedule is too long for one


@attrs.frozen
class Raced:
    """A race, with an execution of either order where the order decides on something."""

    swap: Swap
    both: tuple[Replayed, ...] = ()


@attrs.frozen(eq=False)
class Races:
    """All races of a case."""

    case: Case
    properties: tuple[Property, ...]  # by which the races are judged
    # numbers of properties that were asked for, and cannot judge a race:
    left_out: tuple[str, ...]  # since they are about all executions together, and not about one
    from_start: tuple[str, ...]  # since the initial state violates them already
    races: tuple[Raced, ...]  # the worst first; empty unless `complete`
    states: int  # how many states were looked at
    stopped: Stopped | None  # why these are not all states, or the races in them not known

    @property
    def complete(self) -> bool:
        return self.stopped is None

    def those(self, harm: Harm) -> tuple[Raced, ...]:
        return tuple(race for race in self.races if race.swap.harm == harm)


def races(
    case: Case,
    ids: tuple[str, ...] = (),
    states: int = STATES,
    interruptible: AbstractContextManager[object] | None = None,
    budget: float | None = None,
) -> Races:
    """The races of a case, judged by the properties with these numbers (none: the scenario's own; `all`: every one).

    states: how many to look at. budget: for how many seconds. interruptible: entered around the search and its
    evaluation; a KeyboardInterrupt inside it ends them, and no race is known.

    Raises: `UserError`, `ReplayMismatch` when an execution does not happen on trio as the explorer told it.
    """
    model = case.model()
    asked = selected(case, model, ids)
    single = tuple(p for p in asked if not (endless(p) or ordering(p)))
    from_start = tuple(finding.property for finding in replay(model.system, Schedule(()), single).findings)
    judged = tuple(p for p in single if p.id not in from_start)
    found: tuple[Swap, ...] = ()
    stopped: Stopped | None = None
    with closing(Outcomes(model.system, judged, states)) as outcomes:
        try:
            with interruptible or nullcontext():
                stopped = _explored(outcomes, budget)
                if stopped is None:
                    found = swaps(outcomes, model.system)
        except KeyboardInterrupt:
            stopped = "interrupted"
    raced = tuple(Raced(swap, tuple(_replayed(case, model, judged, one) for one in swap.both)) for swap in found)
    left_out = tuple(p.id for p in asked if p not in single)
    return Races(case, judged, left_out, from_start, raced, len(outcomes.met), stopped)


def _explored(outcomes: Outcomes, budget: float | None) -> Stopped | None:
    """Look at all states. Returns what stopped that, if anything did."""
    end = math.inf if budget is None else time.monotonic() + budget
    for _ in outcomes.expand():
        if time.monotonic() >= end and not outcomes.complete:
            return "budget"
    return None if outcomes.complete else "max_states"


def _replayed(case: Case, model: Model, properties: tuple[Property, ...], witness: Witness) -> Replayed:
    from aprt.verdict.confirm import both  # trio takes longer to import than most searches

    execution = both(model.system, witness.schedule, properties)
    text = None if witness.verdict is None else _text(execution, witness.verdict)
    return Replayed(witness, text, token_of(case, model.system, witness.schedule))


def _text(execution: Execution, verdict: str) -> str:
    for finding in execution.findings:
        if finding.property == verdict:
            return finding.text
    if verdict == "deadlock":
        return ", ".join(f"{context} waits for {op}" for context, op in execution.blocked)
    if verdict == "hang":
        return "no end can be reached"
    return next(note.text for note in execution.events[-1].broken if note.property == verdict)
