"""What a program of one's own gives to aprt, refused in one line where it cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from inspect import CO_VARARGS
from types import FunctionType
from typing import Any, cast

import attrs

from aprt.core.errors import WrongArgument
from aprt.core.suggestion import did_you_mean

_LONGEST = 60  # letters of what was found instead


@attrs.frozen
class Parameters:
    """What a function takes by place, in this order. least, most: how many arguments."""

    names: tuple[str, ...]
    least: int
    most: float

    @classmethod
    def of(cls, function: Callable[..., Any], skipped: int) -> Parameters:
        """Those of a function, without the first ones."""
        code, defaults = cast(FunctionType, function).__code__, cast(FunctionType, function).__defaults__ or ()
        names = code.co_varnames[skipped : code.co_argcount]
        most = math.inf if code.co_flags & CO_VARARGS else len(names)
        return cls(names, max(0, len(names) - len(defaults)), most)

    def wrong(self, name: str, given: tuple[object, ...]) -> WrongArgument:
        """The refusal of too few arguments, or too many."""
        return WrongArgument(f"{name} takes ({', '.join(self.names)}), and not {given!r}")


def check_kind(name: str, value: object, kind: type, expected: str) -> None:
    """Refuse an argument of another kind. expected: what to give instead. Raises: `WrongArgument`."""
    if not isinstance(value, kind):
        raise _wrong(name, value, expected)


def check_each(name: str, values: object, kind: type, expected: str) -> None:
    """Refuse what is no sequence, or has something of another kind in it. As `check_kind`."""
    if not isinstance(values, Sequence) or not all(isinstance(value, kind) for value in values):
        raise _wrong(name, values, expected)


def check_function(name: str, value: object, expected: str) -> None:
    """Refuse what cannot be called. As `check_kind`."""
    if not callable(value):
        raise _wrong(name, value, expected)


def check_one_of(name: str, value: object, known: Sequence[str]) -> None:
    """Refuse an argument that is none of these words. Raises: `WrongArgument`."""
    if value not in known:
        raise WrongArgument(f"{name}: unknown {value!r}{did_you_mean(str(value), known)}")


def _wrong(name: str, found: object, expected: str) -> WrongArgument:
    text = repr(found)
    return WrongArgument(
        f"{name}: expected {expected}, found {text if len(text) <= _LONGEST else f'{text[:_LONGEST]}...'}"
    )
