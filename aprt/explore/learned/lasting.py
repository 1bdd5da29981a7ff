"""Which values stay as they are, so that their content is known for good once it is known."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import cache
from types import FunctionType
from typing import Any

import attrs

# each section of code makes one for itself, so which object it is says nothing
SECTIONS = (AbstractAsyncContextManager, AbstractContextManager)


@attrs.frozen
class _Frozen:
    """Every frozen class of attrs refuses to set attributes in the same way."""


@cache
def is_fixed(kind: Any) -> bool:
    """Whether an object that Python compares by identity holds the same as long as what it holds does."""
    frozen = kind.__setattr__ is _Frozen.__setattr__ and not kind.__dictoffset__
    return frozen and not issubclass(kind, (*SECTIONS, BaseException))


def is_bare(function: FunctionType) -> bool:
    """Whether its code says all: there are no defaults, cells or attributes."""
    return not (function.__defaults__ or function.__closure__ or function.__kwdefaults__ or function.__dict__)


def keeps_its_hash(value: object) -> bool:
    """Whether it has a hash after all: that of a container depends on what is in it."""
    try:
        hash(value)
    except TypeError:
        return False
    return True
