"""What a suspended coroutine or generator holds: its bound variables, its value stack, what it awaits.

CPython shows all of it, in 3.11 to 3.13: `gc.get_referents` lists, in this order, names and the frame object; the
function and its code; the bound locals and cells, in the order of their slots; the value stack, whose top is what
is awaited; last, once an exception was caught, the one being handled, or None. Unbound slots and the empty places
of the stack are left out, so `f_locals` has to say which variables are bound. Between two suspensions at the same
place this is unambiguous: the depth of the stack is the same.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from functools import cache
from types import (
    AsyncGeneratorType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
)
from typing import Any, TypeAlias

import attrs

Suspended: TypeAlias = "CoroutineType[Any, Any, Any] | GeneratorType[Any, Any, Any] | AsyncGeneratorType[Any, Any]"


@attrs.define(eq=False)  # frozen takes twice as long to make
class Parts:
    """What a suspended frame holds. variables: bound ones by name, in slot order; cells as cell objects."""

    variables: Mapping[str, object]
    cells: frozenset[str]
    stack: Sequence[object]
    handled: object


def anatomy(suspended: Suspended) -> tuple[FrameType | None, object]:
    """The frame, None when done, and what it awaits, None when it is a generator that stands at a `yield`."""
    if isinstance(suspended, CoroutineType):
        return suspended.cr_frame, suspended.cr_await
    if isinstance(suspended, GeneratorType):
        return suspended.gi_frame, suspended.gi_yieldfrom
    return suspended.ag_frame, suspended.ag_await


def dissect(suspended: Suspended) -> Parts | None:
    """What its frame holds; None when it is done, or when the referents are not laid out as the module says."""
    frame, awaited = anatomy(suspended)
    if frame is None:
        return None
    code, bound = frame.f_code, frame.f_locals
    rest = _behind(code, gc.get_referents(suspended))
    if rest is None:
        return None
    slots, cells = _slots(code)
    variables: dict[str, object] = {}
    for name in slots:
        # the name of an empty cell is not bound, though its slot is taken
        if name in bound or (name in cells and len(rest) > len(variables) and is_empty(rest[len(variables)])):
            variables[name] = rest[len(variables)]
    stack = rest[len(variables) :]
    if awaited is None:
        return Parts(variables, cells, stack, None)
    handled = stack.pop() if stack and stack[-1] is not awaited else None
    if not stack or stack.pop() is not awaited:
        return None
    return Parts(variables, cells, stack, handled)


def _behind(code: CodeType, referents: list[Any]) -> list[Any] | None:
    """The referents behind the function and its code."""
    for i in range(1, len(referents)):
        if referents[i] is code:
            function = referents[i - 1]
            if type(function) is FunctionType and function.__code__ is code:
                return referents[i + 1 :]
    return None


@cache
def _slots(code: CodeType) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names of a frame's local slots in order, and those that may hold a cell."""
    names = dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars))
    return tuple(names), frozenset((*code.co_cellvars, *code.co_freevars))


def is_empty(value: object) -> bool:
    """Whether it is a cell without a value."""
    if not isinstance(value, CellType):
        return False
    try:
        value.cell_contents  # noqa: B018  # asking is the only way to know
    except ValueError:
        return True
    return False
