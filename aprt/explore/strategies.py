"""The strategies of exploration by name. One strategy is one file with one function: question in, answer out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from aprt.core.errors import UserError
from aprt.core.scenario import did_you_mean
from aprt.explore import auto, delay, dpor, pct, portfolio, pos, random_walk, reduced, states, urw
from aprt.explore.result import Exploration, Question

Strategy: TypeAlias = Callable[[Question], Exploration]

STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {
        "auto": auto.search,
        "delay": delay.search,
        "dpor": dpor.search,
        "dpor:source": dpor.search_by_source_sets,
        "pct": pct.search,
        "portfolio": portfolio.search,
        "pos": pos.search,
        "random": random_walk.search,
        "reduced": reduced.search,
        "states": states.search,
        "urw": urw.search,
    }
)

SHORTEST: Final = frozenset({"states"})  # those whose findings have as few steps as any

_NUMBERED: Final[Mapping[str, Callable[[Question, int], Exploration]]] = MappingProxyType(
    {"delay": delay.search, "pct": pct.search}
)


def find_strategy(text: str) -> Strategy:
    """The strategy that a user names: `states`, `dpor:source`, or with its number, `pct:3`.

    Raises: `UserError` for an unknown one, a number where there is none, or one that is not 1 to 9.
    """
    if text in STRATEGIES:
        return STRATEGIES[text]
    name, _, number = text.partition(":")
    if name not in STRATEGIES:
        raise UserError(f"unknown strategy {name!r}{did_you_mean(name, STRATEGIES)}")
    if any(known.startswith(f"{name}:") for known in STRATEGIES):
        raise UserError(f"unknown strategy {text!r}{did_you_mean(text, STRATEGIES)}")
    if name not in _NUMBERED:
        raise UserError(f"strategy {name!r} takes no number, but {text!r} has one")
    if number not in list("123456789"):
        raise UserError(f"strategy {name!r} takes a number from 1 to 9, not {number!r}")
    search, parameter = _NUMBERED[name], int(number)
    return lambda question: search(question, parameter)
