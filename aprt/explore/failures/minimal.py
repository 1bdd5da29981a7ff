"""A failing schedule made as small as it gets, and how sure that is.

- *optimal*: no schedule that fails alike has fewer preemptions; of those with as few, none has fewer steps; and of
  those, none fewer switches. Known from the state graph, where that is small enough to look through.
- *1-minimal*: no single cut or move makes it better. Found by trying.
- *stopped*: not all cuts and moves were tried.
- *shortest*: no schedule that violates the property has fewer steps. Known of what a search breadth first found.
"""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Literal, TypeAlias

import attrs

from aprt.core.errors import ReplayMismatch
from aprt.core.properties import Property
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.failures.delta import one_minimal
from aprt.explore.failures.failing import Failure, Played, Playground, Price
from aprt.explore.failures.fewest import fewest_preemptions

Claim: TypeAlias = Literal["optimal", "1-minimal", "stopped", "shortest"]

LIMIT = 300_000  # pairs of state and context, each about half a kilobyte


@attrs.frozen
class Minimal:
    """A schedule that fails like another one, and how both do. before, after: the prices of the two."""

    schedule: Schedule
    failure: Failure
    claim: Claim
    before: Price
    after: Price


def minimal(
    system: System,
    schedule: Schedule,
    property: Property,
    limit: int = LIMIT,
    budget: float | None = None,
    most: float = math.inf,
    interruptible: AbstractContextManager[object] | None = None,
) -> Minimal:
    """The smallest schedule that fails like `schedule`, whose last step, or the state after it, violates `property`.

    limit: how many pairs of a state and a context to look at before it is enough to try. budget: for how many seconds,
    half of them for that, the rest to try. most: how many steps to try, in all that is tried. interruptible: entered
    around both. Ctrl-C ends them, and the schedule is the smallest so far.

    Raises: `ReplayMismatch` when the schedule is none of the system, or does not violate the property in its end.
    """
    end = math.inf if budget is None else time.monotonic() + budget
    with closing(Playground(system, property)) as ground:
        played = ground.play(schedule)
        if played.failure is None or ground.schedule(played.steps) != schedule:
            raise ReplayMismatch(len(played.steps), f"a violation of {property.id} by the whole schedule", ())
        try:
            with interruptible or nullcontext():
                best, claim = _smallest(ground, played, limit, budget, most, end)
        except KeyboardInterrupt:
            best, claim = played, "stopped"
        return Minimal(ground.schedule(best.steps), played.failure, claim, Price.of(played.price), Price.of(best.price))


def _smallest(
    ground: Playground, played: Played, limit: int, budget: float | None, most: float, end: float
) -> tuple[Played, Claim]:
    """The smallest execution that fails like `played`."""
    assert played.failure is not None
    if played.failure == "start":
        return played, "optimal"
    half = None if budget is None else budget / 2
    fewest = fewest_preemptions(ground, played.failure, limit, half)
    if fewest is not None:
        return fewest, "optimal"
    best, whole = one_minimal(ground, played, most, end)
    return best, "1-minimal" if whole else "stopped"
