"""Drives the behaviours one step at a time, along every schedule that matters. No trio in here.

A search is a `Question` that a *strategy* answers with an `Exploration` (`result`); `explore` asks it, by name
(`strategies`). Where to read on, each package beginning with a map of its modules:

    learned            what one step does, learned once from the model's code: the ground that all strategies stand on
    checking           what steps and states are checked for, and what of the model was put to the test
    stateful           strategy "states", and `compiled`, its loop in machine code
    commuting          which steps commute: for the next two
    traces             strategy "dpor"
    persistent_sets    strategy "reduced"
    sampling           the random strategies, and estimates
    auto               strategy "auto", which picks one of these
    parallel, saved    a search by many processes, and one that can be resumed
    failures           a failing schedule: made small, and explained
    conflicts          races and cycles in the lock order: which of them do harm
    stepper, replay    one schedule, without tables
    watchdog           when a search gives up
    reachability       backward passes over a graph
    met                the states that a search has met, and the way to each
    garbage            how often Python collects garbage

The package can be called: `aprt.explore` is its name and also, for users, the function `explore.explore`. A
function bound over the package's name in `aprt` would be lost or not, depending on what is imported first.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect import Signature


class _Package(ModuleType):
    """What `help` and `inspect.signature` show of it are those of the function, too."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        from aprt.explore.explore import explore

        return explore(*args, **options)

    @property
    def __signature__(self) -> Signature:
        from inspect import signature

        from aprt.explore.explore import explore

        return signature(explore)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from aprt.explore.explore import explore

        return f"{vars(self)['__doc__']}\n\nexplore{self.__signature__}\n\n    {explore.__doc__}"


sys.modules[__name__].__class__ = _Package
