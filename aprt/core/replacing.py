"""Replacing a function of the driver by a user's: whether it fits there, and that it returns what it may."""

from __future__ import annotations

import collections.abc
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from aprt.core.chain import name_in_chains
from aprt.core.errors import UserError
from aprt.core.foreign import not_done


def fitting(function: Callable[..., Any], hint: Any, place: str) -> Callable[..., Any]:
    """The function, wrapped so that it raises `UserError` when it returns what it must not.

    hint: the type of what it replaces; where that is no behaviour, the function comes back as it is. place: what error
    lines call that. Raises: `UserError` when it is no async function, or takes other parameters.
    """
    wanted = _behaviour(hint)
    if wanted is None:
        return function
    taken, result = wanted
    if not inspect.iscoroutinefunction(function):
        raise UserError(f"{place} is {getattr(function, '__name__', repr(function))}, which is no async function")
    try:
        inspect.signature(function).bind(*range(taken))
    except TypeError as error:
        raise UserError(
            f"{place} is called with {taken} arguments, and {function.__name__}() does not fit: {error}"
        ) from None

    async def _returning(*args: Any) -> Any:  # a helper, which call chains leave out
        returned = await function(*args)
        if (undone := not_done(returned)) is not None:
            raise UserError(f"{place} returned {undone}: an await is missing")
        if not _is_one(returned, result):
            raise UserError(f"{place} returned {returned!r}; it is to return {_named(result)}")
        return returned

    return _returning


def unbound(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that was defined, where a table of functions holds it with some arguments bound."""
    while isinstance(function, partial):
        function = function.func
    return function


def names_of(function: Callable[..., Any], settings: Any) -> tuple[str, ...]:
    """What call chains show of a function of a table: a name for each mask where the kernel has a function for each.

    settings: of the model, as the name may be another one in another era.
    """
    behaviour = unbound(function)
    return tuple(dict.fromkeys(name_in_chains(behaviour, settings, mask) for mask in ("apm", "aqm")))


def _behaviour(hint: Any) -> tuple[int, Any] | None:
    """How many parameters a behaviour of that type has, and what it returns; None for what is no behaviour."""
    for kind in (hint, *get_args(hint)):
        if get_origin(kind) is collections.abc.Callable:
            parameters, result = get_args(kind)
            if get_origin(result) in (Awaitable, collections.abc.Coroutine) and isinstance(parameters, list):
                return len(parameters), get_args(result)[-1]
    return None


def _is_one(value: object, kind: Any) -> bool:
    if get_origin(kind) in (Union, UnionType):
        return any(_is_one(value, one) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    return value is None if kind is None else isinstance(value, kind)


def _named(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(map(_named, get_args(kind)))
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    return "nothing" if kind is None else str(kind.__name__)
