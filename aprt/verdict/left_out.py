"""What a patch no longer does: the messages that the driver's function sends, and the one in its place does not.

A property judges what is done, and may never notice what a patch leaves out. So the scenario is searched without the
patch as well, and the messages handled under the driver's function are compared with those under the patch's. A message
that only a race led to is gone with the race: whether what is missing was needed, the reader has to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from aprt.core.actor import Actor
from aprt.core.exercise import Exercise, Message
from aprt.core.replacing import names_of, unbound
from aprt.core.scenario import Settings
from aprt.explore.checking.model_code import readable_path
from aprt.explore.explore import explore
from aprt.explore.result import Bounds
from aprt.verdict.case import Case


@attrs.frozen
class LeftOut:
    """What one function of a patch does less than the driver's."""

    function: str  # of the patch, as `FILE.py:NAME: pqap`
    original: str  # of the driver, as call chains name it
    locks: tuple[str, ...]  # that only the driver's function takes, by name
    messages: tuple[str, ...]  # what else only it sends, as `actor.message`


@attrs.frozen
class Replaced:
    """A function of a patch in force."""

    told: str  # `FILE.py:NAME: pqap`
    place: str  # the name in the driver's table of the function that it replaces
    function: Callable[..., Any]

    def entered(self, exercise: Exercise) -> bool:
        """Whether a step was in it; taken for granted of a callable that is no Python function."""
        code = getattr(self.function, "__code__", None)
        if code is None:
            return True
        place = readable_path(code.co_filename), code.co_firstlineno
        return any((function.file, function.line) == place for function in exercise.missed)


def replaced(settings: Settings) -> tuple[Replaced, ...]:
    """The functions of all patches in force, patch by patch."""
    patches = (switch for switch in settings.switches if switch.replaces and settings.on(switch.name))
    return tuple(Replaced(f"{p.name}: {place}", place, function) for p in patches for place, function in p.replaces)


def left_out(case: Case, exercise: Exercise, bounds: Bounds) -> tuple[LeftOut, ...]:
    """What each function of the patches in force does less than the driver's; functions that do as much are not listed.

    exercise: what a search of `case` exercised. A function that it never entered is not compared. Empty where the case
    without its patches cannot be searched to the end within `bounds`.
    """
    entered = [one for one in replaced(case.settings) if one.place in case.era.functions and one.entered(exercise)]
    if not entered:
        return ()
    settings = case.settings
    for switch in settings.switches:
        settings = settings.set(switch.name, "out") if switch.replaces else settings
    system = attrs.evolve(case, settings=settings).model().system
    before = explore(system, bounds=bounds).exercise
    if before is None:
        return ()
    actors = {actor.name: actor for actor in system.actors}
    originals = (names_of(case.era.functions[one.place], settings) for one in entered)
    found = (_compared(actors, one, names, before, exercise) for one, names in zip(entered, originals, strict=True))
    return tuple(one for one in found if one.locks or one.messages)


def _compared(
    actors: Mapping[str, Actor[Any]], replaced: Replaced, names: tuple[str, ...], before: Exercise, after: Exercise
) -> LeftOut:
    nothing: frozenset[Message] = frozenset()
    now = after.under.get(unbound(replaced.function).__name__, nothing)
    run = [name for name in names if name in before.under]
    gone = sorted(nothing.union(*(before.under[name] for name in run)) - now)
    locks = dict.fromkeys(name for name, op in gone if actors[name].handler(op).acquires)
    messages = (f"{name}.{op}" for name, op in gone if not actors[name].is_lock())
    return LeftOut(replaced.told, "() or ".join(run), tuple(locks), tuple(messages))
