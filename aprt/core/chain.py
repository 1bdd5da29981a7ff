"""The call chain of a suspended behaviour, read off the behaviour itself, in names that its readers know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from types import CoroutineType, FunctionType
from typing import Any, TypeVar, cast

from aprt.core.system import Behaviour

F = TypeVar("F", bound=Callable[..., Any])


def mirrors(kernel: str | Callable[..., str | None] | None) -> Callable[[F], F]:
    """Declare that a behaviour is the kernel's function of that name: call chains show it.

    None: it is no function of the kernel but a part of its caller, and call chains leave it out. Where the name is not
    always the same, a function of the behaviour's positional arguments tells it.
    """

    def rename(behaviour: F) -> F:
        if callable(kernel):
            return _named_anew(behaviour, kernel)
        cast(FunctionType, behaviour).__name__ = _name_in_chains(behaviour, kernel)
        return behaviour

    return rename


def _named_anew(behaviour: F, kernel: Callable[..., str | None]) -> F:
    @wraps(behaviour)
    def begin(*args: Any, **named: Any) -> Any:
        begun = behaviour(*args, **named)
        begun.__name__ = _name_in_chains(behaviour, kernel(*args))
        return begun

    return cast(F, begin)


def _name_in_chains(behaviour: Callable[..., Any], kernel: str | None) -> str:
    return f"_{behaviour.__name__.lstrip('_')}" if kernel is None else kernel


def await_chain(behaviour: Behaviour) -> tuple[str, ...]:
    """The functions that are being run, by name, outermost first; empty when the behaviour is done."""
    names = []
    awaited: Any = behaviour
    while isinstance(awaited, CoroutineType) and awaited.cr_frame is not None:
        names.append(awaited.__name__)
        awaited = awaited.cr_await
    return tuple(names)


def without_helpers(chain: Iterable[str]) -> list[str]:
    """A chain without helpers (`_name`) and context managers (`__aenter__`): what a reader is told."""
    return [name for name in chain if not name.startswith("_") or _of_the_kernel(name)]


def _of_the_kernel(name: str) -> bool:
    """`__fput`, unlike `_helper` and `__aexit__`."""
    return name.startswith("__") and not name.endswith("__")
