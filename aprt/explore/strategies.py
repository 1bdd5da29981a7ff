"""The strategies of exploration by name. One strategy is one file with one function: question in, answer out.

A strategy is imported when it is asked for: importing all takes as long as a small search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, TypeAlias

from aprt.core.errors import UserError
from aprt.core.suggestion import did_you_mean
from aprt.explore.result import Exploration, Question

Strategy: TypeAlias = Callable[[Question], Exploration]

STRATEGIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "auto": "auto.search",
        "delay": "sampling.delay.search",
        "dpor": "traces.dpor.search",
        "dpor:source": "traces.dpor.search_by_source_sets",
        "pct": "sampling.pct.search",
        "portfolio": "sampling.portfolio.search",
        "pos": "sampling.pos.search",
        "random": "sampling.random_walk.search",
        "reduced": "persistent_sets.reduced.search",
        "states": "stateful.states.search",
        "urw": "sampling.urw.search",
    }
)
"""Where in `aprt.explore` the functions are."""

SHORTEST: Final = frozenset({"states"})  # those whose findings have the fewest steps that there can be

_NUMBERED: Final = frozenset({"delay", "pct"})  # their functions take a number, too


def draws_lots(text: str) -> bool:
    """Whether that strategy does random executions, of which `runs` says how many. Raises: as `find_strategy`."""
    find_strategy(text)
    return STRATEGIES[text.partition(":")[0]].startswith("sampling.")


def check_resumable(text: str, shared: bool) -> None:
    """Raises: `UserError` unless a search by that strategy can be saved and resumed."""
    find_strategy(text)
    if text == "auto":
        raise UserError("what is saved and resumed has one strategy: name it in the place of auto")
    if shared:
        raise UserError("one scenario that is shared cannot be saved and resumed: leave out --jobs and --cluster")


def find_strategy(text: str) -> Strategy:
    """The strategy that a user names: `states`, `dpor:source`, or with its number, `pct:3`.

    Raises: `UserError` for an unknown one, a number where there is none, or one that is not 1 to 9.
    """
    if text in STRATEGIES:
        return _function(text)
    name, _, number = text.partition(":")
    if name not in STRATEGIES:
        raise UserError(f"unknown strategy {name!r}{did_you_mean(name, STRATEGIES)}")
    modes = [known.partition(":")[2] for known in STRATEGIES if known.startswith(f"{name}:")]
    if modes:
        raise UserError(f"strategy {name!r} has no mode {number!r}{did_you_mean(number, modes)}")
    if name not in _NUMBERED:
        raise UserError(f"strategy {name!r} takes no number, but {text!r} has one")
    if number not in list("123456789"):
        raise UserError(f"strategy {name!r} takes a number from 1 to 9, not {number!r}")
    search, parameter = _function(name), int(number)
    return lambda question: search(question, parameter)


def _function(name: str) -> Callable[..., Exploration]:
    module, _, function = STRATEGIES[name].rpartition(".")
    found: Callable[..., Exploration] = getattr(import_module(f"aprt.explore.{module}"), function)
    return found
