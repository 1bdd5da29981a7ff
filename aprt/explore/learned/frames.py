"""What a suspended coroutine or generator holds: its bound variables, its value stack, what it awaits.

CPython shows all of it, in 3.11 to 3.13: `gc.get_referents` lists, in this order, names and the frame object; the
function and its code; the bound locals and cells, in the order of their slots; the value stack, whose top is what
is awaited; last, once an exception was caught, the one being handled, or None. Unbound slots and the empty places
of the stack are left out, so `f_locals` has to say which variables are bound. Between two suspensions at the same
place this is unambiguous: the depth of the stack is the same.

From 3.12 on the variable of a comprehension is a local of the function around it. Where that function has a free
variable of the same name there are two slots of one name, and `f_locals` cannot say whether the first is bound.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
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
    """What a suspended frame holds. variables: the bound ones by name, in slot order; a cell as a cell object.

    cells: the names that may be cells. stack: the value stack, without what is awaited. handled: the exception.
    """

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
    """What its frame holds.

    None when it is done, when the referents are not laid out as the module says, and in a comprehension whose variable
    has the name of a free one.
    """
    frame, awaited = anatomy(suspended)
    if frame is None:
        return None
    code, bound = frame.f_code, frame.f_locals
    function, rest = _behind(code, gc.get_referents(suspended))
    if function is None:
        return None
    slots, cells, twice = _slots(code)
    variables: dict[str, object] = {}
    for name in slots:
        # the name of an empty cell is not bound, though its slot is taken
        if name in bound or (name in cells and len(rest) > len(variables) and is_empty(rest[len(variables)])):
            variables[name] = rest[len(variables)]
    if twice and any(variables.get(name) is not cell for name, cell in _closure(function)):
        return None
    stack = rest[len(variables) :]
    if awaited is None:
        return Parts(variables, cells, stack, None)
    handled = stack.pop() if stack and stack[-1] is not awaited else None
    if not stack or stack.pop() is not awaited:
        return None
    return Parts(variables, cells, stack, handled)


def _behind(code: CodeType, referents: list[Any]) -> tuple[FunctionType | None, list[Any]]:
    """The function, None when it is not found, and the referents behind it and its code."""
    for i in range(1, len(referents)):
        if referents[i] is code:
            function = referents[i - 1]
            if type(function) is FunctionType and function.__code__ is code:
                return function, referents[i + 1 :]
    return None, []


def _closure(function: FunctionType) -> Iterator[tuple[str, CellType]]:
    """Its free variables, by name, each with its cell."""
    return zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)


@cache
def _slots(code: CodeType) -> tuple[tuple[str, ...], frozenset[str], bool]:
    """The names of a frame's local slots in order, those that may hold a cell, and whether some have two slots.

    Of two slots only the second is listed, that of the free variable: the first is bound in the comprehension only.
    """
    free = frozenset(code.co_freevars)
    own = [name for name in code.co_varnames if name not in free]
    names = dict.fromkeys((*own, *code.co_cellvars, *code.co_freevars))
    return tuple(names), free.union(code.co_cellvars), len(own) < len(code.co_varnames)


def is_empty(value: object) -> bool:
    """Whether it is a cell without a value."""
    if not isinstance(value, CellType):
        return False
    try:
        value.cell_contents  # noqa: B018  # asking is the only way to know
    except ValueError:
        return True
    return False
