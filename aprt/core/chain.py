"""The call chain of a suspended behaviour, read off the behaviour itself."""

from __future__ import annotations

from types import CoroutineType
from typing import Any

from aprt.core.system import Behaviour


def await_chain(behaviour: Behaviour) -> tuple[str, ...]:
    """The functions that are being run, by name, outermost first; empty when the behaviour is done."""
    names = []
    awaited: Any = behaviour
    while isinstance(awaited, CoroutineType) and awaited.cr_frame is not None:
        names.append(awaited.__name__)
        awaited = awaited.cr_await
    return tuple(names)
