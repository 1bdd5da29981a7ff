"""From a path of representatives to an execution: what a search with symmetry found, as it really happens.

A representative stands for states in which like members have changed places, so the steps between representatives do
not follow each other as they are. But from any state of an orbit some step leads into the next one, so the execution is
found by going there. What is wrong is then checked again there, so that it names the members that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from aprt.core.finding import Finding
from aprt.explore.checking.checks import Checks, Due, judged
from aprt.explore.checking.judges import Violation, violated
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Tables
from aprt.explore.stateful.symmetry import Symmetry


@attrs.frozen(eq=False)
class Retrace:
    """The executions of one search with symmetry."""

    tables: Tables[Due]
    checks: Checks
    symmetry: Symmetry

    def finding(self, id: str, orbits: Sequence[int], by_step: bool) -> Finding:
        """The violation of property `id` in the last of these orbits, or by a step out of it."""
        steps, state = self._walk(orbits)
        if not by_step:
            return Finding(id, _text(id, self._wrong(state)), self.tables.schedule(steps))
        for step, _, violations in self._steps(state):
            if id in dict(violations):
                return Finding(id, _text(id, violations), self.tables.schedule([*steps, step]))
        raise AssertionError(f"{id} was violated and is not")  # exchanges were compared, so it cannot happen

    def _walk(self, orbits: Sequence[int]) -> tuple[list[int], int]:
        """The steps of an execution through these orbits, from the initial state, and where it ends."""
        taken, state = [], INITIAL
        for orbit in orbits[1:]:
            offered = ((step, successor) for step, successor, _ in self._steps(state))
            step, state = next(pair for pair in offered if self.symmetry.representative(pair[1]) == orbit)
            taken.append(step)
        return taken, state

    def _steps(self, state: int) -> Iterator[tuple[int, int, list[Violation]]]:
        """The steps out of a state: the number, the successor, and what is violated."""
        for move in self.tables.moves(state):
            yield move[1], *judged(state, move)

    def _wrong(self, state: int) -> list[Violation]:
        """What is wrong in a state that ends a finding."""
        waiting, stuck = self.tables.waiting(state), not self.tables.moves(state)
        terminal = (self.checks.deadlock(state, waiting) if waiting else self.checks.end(state)) if stuck else []
        return violated(self.checks.always, state) + terminal + self.checks.hang(waiting)


def _text(id: str, violations: Iterable[Violation]) -> str:
    return next(text for violated_id, text in violations if violated_id == id)
