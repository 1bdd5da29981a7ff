"""What one run of a model checker showed and took."""

from __future__ import annotations

import attrs


@attrs.frozen
class Measured:
    """transitions: steps taken, without the one that some tools count for the initial state.

    engine: seconds of the search itself. wall: seconds from a cold start to the verdict, compiling included.
    bytes_per_state: memory that the search took, divided by the states.
    """

    states: int
    transitions: int
    deadlocks: int
    engine: float
    wall: float
    bytes_per_state: float
