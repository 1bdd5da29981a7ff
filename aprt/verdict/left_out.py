"""What a patch no longer does: the messages that the driver's function sends, and the one in its place does not.

No property can find wrong what a procedure leaves out. So the scenario is searched without the patch as well, and what
was handled under the one function is compared with what was handled under the other. What only a race led to is gone
with the race: whether a step is missing or needless, the reader has to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from aprt.core.actor import Actor
from aprt.core.exercise import Exercise, Message
from aprt.core.scenario import Settings
from aprt.explore.explore import explore
from aprt.explore.model_code import readable_path
from aprt.explore.result import Bounds
from aprt.verdict.case import Case


@attrs.frozen
class LeftOut:
    """function: of a patch, as `FILE.py:NAME: pqap`. original: the driver's, as call chains name it.

    locks: those that only the driver's takes, by name. messages: what else only it sends, as `actor.message`.
    """

    function: str
    original: str
    locks: tuple[str, ...]
    messages: tuple[str, ...]


@attrs.frozen
class Replaced:
    """A function of a patch in force. told: `FILE.py:NAME: pqap`. place: its name in the driver's table."""

    told: str
    place: str
    function: Callable[..., Any]

    def entered(self, exercise: Exercise) -> bool:
        """Whether a step was in it, as far as lines were looked at."""
        code = getattr(self.function, "__code__", None)
        if code is None:
            return True
        place = readable_path(code.co_filename), code.co_firstlineno
        return any((function.file, function.line) == place for function in exercise.missed)


def replaced(settings: Settings) -> tuple[Replaced, ...]:
    """All of them, patch by patch."""
    patches = (switch for switch in settings.switches if switch.replaces and settings.on(switch.name))
    return tuple(Replaced(f"{p.name}: {place}", place, function) for p in patches for place, function in p.replaces)


def left_out(case: Case, exercise: Exercise, bounds: Bounds) -> tuple[LeftOut, ...]:
    """By each function of the patches in force that does less than the driver's, in a case that exercised this.

    Functions that were never entered are left to others. Empty where the case without its patches is not searched to
    the end within `bounds`.
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
    found = (_compared(actors, one, _name(case.era.functions[one.place]), before, exercise) for one in entered)
    return tuple(one for one in found if one.locks or one.messages)


def _compared(
    actors: Mapping[str, Actor[Any]], replaced: Replaced, original: str, before: Exercise, after: Exercise
) -> LeftOut:
    nothing: frozenset[Message] = frozenset()
    now = after.under.get(_name(replaced.function), nothing)
    gone = sorted(before.under.get(original, nothing) - now)
    locks = dict.fromkeys(name for name, op in gone if actors[name].handler(op).acquires)
    messages = (f"{name}.{op}" for name, op in gone if not _is_lock(actors[name]))
    return LeftOut(replaced.told, original, tuple(locks), tuple(messages))


def _is_lock(actor: Actor[Any]) -> bool:
    return any(actor.handler(op).acquires for op in actor.messages())


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    return function.__name__
