"""How to search, and who shares the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from aprt.explore.result import Bounds, LoopName, StopOn
from aprt.verdict.case import Case

if TYPE_CHECKING:
    from aprt.explore.parallel.crew import Crew


@attrs.frozen
class Search:
    """How to search. symmetry, loop, certify: as in `explore.result.Question`."""

    strategy: str = "auto"
    bounds: Bounds = Bounds()
    stop_on: StopOn = "first"
    seed: int = 0  # of strategies that draw lots, as is `runs`
    runs: int = 1000
    symmetry: bool = False
    loop: LoopName = "auto"
    certify: bool = True


PLAIN: Final = Search()

QUICK: Final = 50_000
"""Pairs of state and context to look at for a smaller schedule, where nobody asked for that: half a second."""


Finder: TypeAlias = Callable[[str], Case]
"""Gives the case of a reference, also in another process: picklable."""


@attrs.frozen
class Crewed:
    """Who shares the work of a search, and how they find the case."""

    crew: Crew
    find: Finder
