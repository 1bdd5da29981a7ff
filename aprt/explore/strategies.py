"""The strategies of exploration by name. One strategy is one file with one function: question in, answer out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from aprt.explore import random_walk, states
from aprt.explore.result import Exploration, Question

STRATEGIES: Final[Mapping[str, Callable[[Question], Exploration]]] = MappingProxyType(
    {
        "random": random_walk.search,
        "states": states.search,
    }
)
