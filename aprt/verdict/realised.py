"""Whether a cycle in the lock order is real: a schedule after which contexts wait for each other, or why there is none.

That cannot be told of a cycle that needs an interrupt: the model has no CPUs, so a handler keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from aprt.core.finding import Finding
from aprt.core.lock_order import Cycle, interrupting, is_closed
from aprt.core.system import System
from aprt.explore.conflicts.realised import Realisation, realise
from aprt.verdict.case import Case
from aprt.verdict.tokens import Recording, token_of

STATES = 100_000  # to look at unless told otherwise: a few seconds


@attrs.frozen(eq=False)
class Realised:
    """Whether some cycles are real."""

    found: Realisation | None  # what the explorer says; None for a cycle that needs an interrupt
    token: str | None  # of its schedule, which trio has replayed; None where there is none, or it is too long for one


def realised_by(recording: Recording, finding: Finding) -> Realised | None:
    """Whether the cycle of a finding is real; None for a finding that is no cycle, or only a part of one."""
    cycle = tuple(part.edge for part in finding.parts)
    if not cycle or not is_closed(cycle):
        return None
    return realised(recording.case, recording.model.system, (cycle,))


def realised(case: Case, system: System, cycles: Sequence[Cycle], states: int = STATES) -> Realised:
    """Look for a state of a case in which one of these cycles is real.

    cycles: at least one, those that need an interrupt last; where even the first does, nothing is looked for. states:
    how many to look at.

    Raises: `ReplayMismatch` when trio does not do what the explorer did.
    """
    if interrupting(cycles[0]) is not None:
        return Realised(None, None)
    found = realise(system, cycles, states)
    if found.schedule is None:
        return Realised(found, None)
    from aprt.verdict.confirm import both  # trio takes longer to import than most searches

    both(system, found.schedule, ())
    return Realised(found, token_of(case, system, found.schedule))
