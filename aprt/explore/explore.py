"""Explore a system with one of the strategies, by name: the entry of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, get_args

import attrs

from aprt.core.arguments import check_kind, check_one_of
from aprt.core.errors import UserError
from aprt.core.exercise import unexercised
from aprt.core.properties import Property, listed
from aprt.core.system import System
from aprt.explore.garbage import seldom_collected
from aprt.explore.result import UNBOUNDED, Bounds, Exploration, LoopName, Origin, Progress, Question, StopOn, nothing
from aprt.explore.strategies import check_resumable, find_strategy
from aprt.explore.watchdog import Unread

if TYPE_CHECKING:
    from aprt.explore.parallel.crew import Crew
    from aprt.explore.saved.file import SaveFile


def explore(
    system: System,
    properties: Property | Iterable[Property] = (),
    *,
    besides: Property | Iterable[Property] = (),
    strategy: str = "states",
    bounds: Bounds = UNBOUNDED,
    stop_on: StopOn = "first",
    seed: int = 0,
    runs: int = 1000,
    report: Callable[[Progress], None] | None = None,
    expected: float | None = None,
    symmetry: bool = False,
    loop: LoopName = "auto",
    save: SaveFile | None = None,
    halt: Callable[[], bool] | None = None,
    certify: bool = False,
    crew: Crew | None = None,
    origin: Origin | None = None,
) -> Exploration:
    """What exploring `system` shows about `properties`, one or several.

    strategy: "states" looks at every state, once, and finds the shortest schedules; "dpor" and others (`aprt explore
    --help` has them all) go along executions.
    bounds: where to give up, as in `Bounds(max_states=100_000)`; the answer is not `complete` then.
    stop_on: "first" ends at the first violation, "all" keeps the first of each property.
    symmetry: take states that differ by what the system declares alike for one.
    crew: shares the work among processes, which make the system and the properties by `origin`.
    The other options are those of `aprt.explore.result.Question`.

    Raises: `UserError` for an argument of another kind, an unknown strategy, or one that knows no symmetry, has no
    loops or is for one process, and for what cannot be saved; `ModelError` for a mistake in the system or a property.
    """
    check_kind("system", system, System, "a System")
    check_kind("bounds", bounds, Bounds, "Bounds, as in Bounds(max_states=100_000)")
    check_one_of("stop_on", stop_on, get_args(StopOn))
    check_one_of("loop", loop, get_args(LoopName))
    question = Question(
        system,
        listed(properties),
        bounds,
        stop_on,
        seed,
        runs,
        report,
        expected,
        symmetry,
        loop,
        save,
        halt,
        certify,
        listed(besides),
    )
    with seldom_collected():
        try:
            return _answer(question, strategy, crew, origin)
        except Unread:
            return nothing(strategy, seed)


def _answer(question: Question, strategy: str, crew: Crew | None, origin: Origin | None) -> Exploration:
    if question.symmetry and strategy not in ("auto", "states"):
        raise UserError(f"only strategy 'states' knows symmetry, and not {strategy!r}")
    if question.loop != "auto" and strategy not in ("auto", "states"):
        raise UserError(f"only strategy 'states' has loops to choose from, and not {strategy!r}")
    if question.save is not None:
        check_resumable(strategy, shared=crew is not None)
    search = find_strategy(strategy)
    if crew is None or origin is None:
        found = search(question)
    else:
        from aprt.explore.parallel.share import shared  # not needed by most

        found = shared(strategy)(question, origin, crew)
    if found.lock_order is not None:
        from aprt.explore.conflicts.lock_cycles import with_cycle

        found = with_cycle(question, found, search)
    if found.unasked:
        return attrs.evolve(found, exercise=None)
    if found.exercise is None:
        return found
    broken = {finding.property for finding in found.findings}
    vacuous = unexercised(question.properties, found.exercise, broken, ended=found.ends > 0)
    return attrs.evolve(found, unexercised=vacuous)
