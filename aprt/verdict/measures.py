"""The measures matrix: which measures does it take? One complete search per subset of an era's measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import combinations

import attrs

from aprt.explore.explore import explore
from aprt.explore.result import UNBOUNDED, Bounds, Exploration
from aprt.verdict.case import Case, measures
from aprt.verdict.verdict import selected

Subset = frozenset[str]


@attrs.frozen(eq=False)
class Matrix:
    """What holds under which measures."""

    case: Case
    measures: tuple[str, ...]
    properties: tuple[str, ...]  # by number
    explored: Mapping[Subset, Exploration]  # by subset of `measures`, smaller ones first

    @property
    def interrupted(self) -> bool:
        """Whether subsets are missing."""
        return len(self.explored) < 1 << len(self.measures)

    @property
    def complete(self) -> bool:
        """Whether every subset was searched, and every search was complete."""
        return not self.interrupted and all(exploration.complete for exploration in self.explored.values())

    def holds(self, property: str, subset: Subset) -> bool:
        """Whether it holds under these measures; False when that is not known."""
        exploration = self.explored[subset]
        return exploration.complete and all(found.property != property for found in exploration.findings)

    def exercised(self, property: str) -> bool:
        """Whether some step was about the property, as far as is known: True unless every search says that none was."""
        return self.interrupted or any(
            exploration.unexercised is None or property not in exploration.unexercised
            for exploration in self.explored.values()
        )

    def minimal(self, property: str) -> tuple[Subset, ...]:
        """The smallest sets under which it holds: it holds under no proper subset of any. In order of size."""
        found: list[Subset] = []
        for subset in self.explored:
            if self.holds(property, subset) and not any(smaller < subset for smaller in found):
                found.append(subset)
        return tuple(found)


def subsets(names: Iterable[str]) -> tuple[Subset, ...]:
    """All subsets of these names, smaller ones first."""
    names = tuple(names)
    return tuple(frozenset(chosen) for size in range(len(names) + 1) for chosen in combinations(names, size))


def measures_matrix(
    case: Case,
    ids: tuple[str, ...] = (),
    bounds: Bounds = UNBOUNDED,
    report: Callable[[int, int], None] | None = None,
    interruptible: AbstractContextManager[object] | None = None,
) -> Matrix:
    """Search `case` under every subset of its era's measures, for all properties at once; ids as for `ask`.

    bounds: of each search. report: called before each with (searches done, searches in all).
    interruptible: as for `ask`; the subsets that were done are kept.
    """
    properties = selected(case, case.model(), ids)
    todo = subsets(measures(case.era))
    explored: dict[Subset, Exploration] = {}
    try:
        with interruptible or nullcontext():
            for subset in todo:
                if report is not None:
                    report(len(explored), len(todo))
                model = case.with_measures(subset).model()
                chosen = model.select(p.id for p in properties)
                found = explore(model.system, chosen, bounds=bounds, stop_on="all")
                if found.stopped == "interrupted":
                    break
                explored[subset] = found
    except KeyboardInterrupt:
        pass
    return Matrix(case, measures(case.era), tuple(p.id for p in properties), explored)
