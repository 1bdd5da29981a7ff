"""What a behaviour awaits that is no effect, such as what functions of trio or asyncio await in the end."""

from __future__ import annotations

from contextlib import suppress

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
