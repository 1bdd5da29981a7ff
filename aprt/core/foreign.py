"""What a behaviour awaits that is no effect, as functions of trio do in the end; and what it should have awaited."""

from __future__ import annotations

from contextlib import suppress
from types import CoroutineType

from aprt.core.effects import Effect
from aprt.core.errors import ModelError
from aprt.core.system import Behaviour


def foreign(context: str, behaviour: Behaviour, awaited: object) -> ModelError:
    """An error that says so. Its traceback leads through the behaviour to the line that awaits it.

    For that it is raised there: the behaviour is to be closed then, wherever it is.
    """
    error = ModelError(f"{context} awaits {awaited!r}, which is no effect of aprt")
    with suppress(Exception):  # most often this one
        behaviour.throw(error)
    return error


def check_returned(context: str, returned: object) -> None:
    """Refuse what a behaviour returned if it was to be awaited. Raises: `ModelError`."""
    if (undone := not_done(returned)) is not None:
        raise ModelError(f"{context} returned {undone}: an await is missing")


def not_done(value: object) -> str | None:
    """In words, what is to be awaited and was not; None for any other value. A procedure is closed."""
    if isinstance(value, Effect):
        return f"{value}, which was not sent"
    if isinstance(value, CoroutineType):
        value.close()
        return f"what {value.__name__}() is to do, not done"
    return None
