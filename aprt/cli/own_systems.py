"""A system in a user's own file, as a scenario: one of no era, that has no switches."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import partial
from types import MappingProxyType
from typing import Final

from aprt.core.errors import UserError
from aprt.core.properties import DEADLOCK, HANG, Property, looked_at
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.system import System
from aprt.kernel.rules import LOCK_RELEASE, RULES

NO_ERA: Final = Era("-", "a system of one's own", (), MappingProxyType({}))
_STANDARD: Final = (*RULES, DEADLOCK, HANG)  # what can be asked of any system


def is_system(found: object) -> bool:
    """Whether this is a system, or a function that may make one: called without arguments, and no behaviour."""
    if isinstance(found, System):
        return True
    return inspect.isfunction(found) and not inspect.iscoroutinefunction(found) and not _needed(found)


def system_scenario(name: str, found: object, beside: Iterable[object]) -> Scenario:
    """The scenario of a system, or of a function that makes one, alone or in a pair with its properties.

    name: what users call it. beside: the values in its file. Its own properties are those that the function gives, or
    else those in the file that look at no actors but its own; the scope names the others. They are checked by default,
    and so are `deadlock` and, where it has a lock, K2; `hang` and the other rules of locks can be asked for.

    Raises: `UserError` when the function makes something else, or two properties have one name.
    """
    # one that has two names is one property
    among = tuple(dict.fromkeys(one for one in beside if isinstance(one, Property) and one not in _STANDARD))
    build = partial(_model, name, found, among)
    system, properties, _ = _parts(name, found, among)
    own = [p.id for p in properties]
    for id in own:
        if own.count(id) > 1:
            raise UserError(f"{name}: two properties are called {id!r}; give each a name of its own")
    more = (LOCK_RELEASE.id, DEADLOCK.id) if any(actor.is_lock() for actor in system.actors) else (DEADLOCK.id,)
    asked = tuple(dict.fromkeys((*own, *more)))
    return Scenario(name, NO_ERA.title, "", asked, build, directory=name)


def _needed(function: object) -> bool:
    """Whether a function cannot be called without arguments."""
    assert callable(function)
    return any(
        p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    )


def _model(name: str, found: object, among: tuple[Property, ...], settings: Settings) -> Model:
    system, own, others = _parts(name, found, among)
    known = {p.id for p in own}
    contexts = ", ".join(context.name + (" (daemon)" if context.daemon else "") for context in system.contexts)
    scope = [f"contexts: {contexts or 'none'}", f"actors: {', '.join(actor.name for actor in system.actors) or 'none'}"]
    if others:
        scope.append(f"not asked, about other actors: {', '.join(p.id for p in others)}")
    return Model(system, (*own, *(p for p in _STANDARD if p.id not in known)), tuple(scope), ())


def _parts(
    name: str, found: object, among: tuple[Property, ...]
) -> tuple[System, tuple[Property, ...], tuple[Property, ...]]:
    """The system, its own properties, and those in its file that are about other actors."""
    made = found() if callable(found) else found
    match made:
        case System():
            actors = {actor.name for actor in made.actors}
            own = tuple(p for p in among if all(a.name in actors for check in p.checks for a in looked_at(check)))
            return made, own, tuple(p for p in among if p not in own)
        case (System() as system, [*properties]) if all(isinstance(one, Property) for one in properties):
            return system, tuple(properties), ()
        case (System() as system, Property() as one):
            return system, (one,), ()
        case _:
            raise UserError(f"{name}() made {made!r:.60}; give back a System, or a pair (System, properties)")
