"""Strategies that can share their work among a crew, by name; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, TypeAlias

from aprt.core.errors import UserError
from aprt.explore import auto
from aprt.explore.parallel.crew import Crew
from aprt.explore.result import Exploration, Origin, Question

Shared: TypeAlias = Callable[[Question, Origin, Crew], Exploration]

_SHARED: Final[Mapping[str, str]] = MappingProxyType(
    {"auto": "share._chosen", "dpor": "subtrees.search", "states": "partition.search"}
)
"""Where in this package the functions are."""


def shared(strategy: str) -> Shared:
    """How a crew does what the strategy of that name does. Raises: `UserError` when it is for one process only."""
    if strategy not in _SHARED:
        known = " or ".join(sorted(_SHARED))
        raise UserError(f"strategy {strategy!r} is for one process: leave out --jobs and --cluster, or take {known}")
    module, _, function = _SHARED[strategy].partition(".")
    found: Shared = getattr(import_module(f"aprt.explore.parallel.{module}"), function)
    return found


def _chosen(question: Question, origin: Origin, crew: Crew) -> Exploration:
    """One process looks at the system, as if it were alone; the crew does what it picks, if that can be shared."""
    return auto.search(question, lambda strategy, question: shared(strategy)(question, origin, crew))
