"""Awaits gone wrong: of something that is no effect (a function of trio, say), or forgotten altogether."""

from __future__ import annotations

from contextlib import suppress
from types import CoroutineType

from aprt.core.effects import Effect
from aprt.core.errors import ModelError
from aprt.core.system import Behaviour


def foreign(context: str, behaviour: Behaviour, awaited: object) -> ModelError:
    """The error of a behaviour that awaits something which is no effect.

    It is thrown into the behaviour, so that its traceback leads to the line that awaits. The behaviour is to be closed
    then, whatever it made of that.
    """
    error = ModelError(f"{context} awaits {awaited!r}, which is no effect of aprt")
    with suppress(Exception):  # most often this one
        behaviour.throw(error)
    return error


def check_returned(context: str, returned: object) -> None:
    """Refuse a returned value that should have been awaited. Raises: `ModelError`."""
    if (undone := not_done(returned)) is not None:
        raise ModelError(f"{context} returned {undone}: an await is missing")


def not_done(value: object) -> str | None:
    """What should have been awaited, in words; None for any other value. A coroutine is closed: Python would warn."""
    if isinstance(value, Effect):
        return f"{value}, which was not sent"
    if isinstance(value, CoroutineType):
        value.close()
        return f"what {value.__name__}() is to do, not done"
    return None
