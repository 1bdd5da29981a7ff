"""What one run of a model checker showed and took."""

from __future__ import annotations

import attrs


@attrs.frozen
class Measured:
    """transitions: steps taken, without the one that some tools count for the initial state.

    wall: seconds from a cold start to the verdict, compiling included. engine: seconds of the search itself.
    bytes_per_state: memory that the search took, divided by the states. What the tool does not tell is None.
    """

    states: int
    transitions: int
    wall: float
    engine: float | None = None
    deadlocks: int | None = None
    bytes_per_state: float | None = None
