"""What it takes to go on with a search over states, besides the states: how far it has come, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs


@attrs.frozen
class Mark:
    """A place in a search: all states before number `here` are expanded, by `transitions` steps.

    last: the first state behind the level that is being expanded, whose states are `depth` steps from the start.
    """

    here: int = 0
    last: int = 1
    depth: int = 0
    transitions: int = 0


@attrs.frozen
class Found:
    """What was violated: by the step `via` out of the state `here`, or in that state if `via` is None; by number.

    loop: the steps that lead from that state back to it, and are taken for ever.
    """

    text: str
    length: int
    here: int
    via: int | None
    loop: tuple[int, ...] = ()


@attrs.frozen
class Known:
    """What is known besides the states. ends, deadlocks: numbers of states, in order. found: by property."""

    mark: Mark
    ends: Sequence[int]
    deadlocks: Sequence[int]
    found: Mapping[str, Found]
    seconds: float
