"""The call chain of a suspended behaviour, read off the behaviour itself, in names that its readers know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, wraps
from types import CodeType, CoroutineType, FrameType, FunctionType
from typing import Any, TypeVar, cast

import attrs

from aprt.core.system import Behaviour

F = TypeVar("F", bound=Callable[..., Any])

_TELLS = "tells_name"  # the attribute of a behaviour whose name depends on its arguments: the function that tells it


@attrs.frozen
class Place:
    """Where a behaviour is in a function: in which line of its body, from 0, of how many. The docstring is no line."""

    function: str
    line: int
    lines: int

    def __str__(self) -> str:
        """`vfio_ap_irq_enable+0x6/0xb`, as the kernel tells a place in its machine code."""
        return f"{self.function}+{self.line:#x}/{self.lines:#x}"


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

    vars(begin)[_TELLS] = kernel
    return cast(F, begin)


def name_in_chains(behaviour: Callable[..., Any], *args: Any) -> str:
    """What call chains show of a behaviour that is called with these arguments; some do not depend on them."""
    kernel = vars(behaviour).get(_TELLS)
    return behaviour.__name__ if kernel is None else _name_in_chains(behaviour, kernel(*args))


def _name_in_chains(behaviour: Callable[..., Any], kernel: str | None) -> str:
    return f"_{behaviour.__name__.lstrip('_')}" if kernel is None else kernel


def await_chain(behaviour: Behaviour) -> tuple[str, ...]:
    """The functions that are being run, by name, outermost first; empty when the behaviour is done."""
    return tuple(name for name, _ in _awaited(behaviour))


def await_places(behaviour: Behaviour) -> tuple[Place, ...]:
    """Where in each function of its call chain a behaviour is, helpers left out."""
    return tuple(_place(name, frame) for name, frame in _awaited(behaviour) if _is_told(name))


def _awaited(behaviour: Behaviour) -> Iterator[tuple[str, FrameType]]:
    awaited: Any = behaviour
    while isinstance(awaited, CoroutineType) and awaited.cr_frame is not None:
        yield awaited.__name__, awaited.cr_frame
        awaited = awaited.cr_await


def _place(function: str, frame: FrameType) -> Place:
    first, last = _body(frame.f_code)
    return Place(function, frame.f_lineno - first, last - first + 1)


@cache
def _body(code: CodeType) -> tuple[int, int]:
    """The first and the last line of a function that does something."""
    head = code.co_firstlineno
    lines = [line for *_, line in code.co_lines() if line is not None and line > head] or [head]
    return min(lines), max(lines)


def without_helpers(chain: Iterable[str]) -> list[str]:
    """A chain without helpers (`_name`) and context managers (`__aenter__`): what a reader is told."""
    return [name for name in chain if _is_told(name)]


def _is_told(name: str) -> bool:
    return not name.startswith("_") or _of_the_kernel(name)


def _of_the_kernel(name: str) -> bool:
    """`__fput`, unlike `_helper` and `__aexit__`."""
    return name.startswith("__") and not name.endswith("__")
