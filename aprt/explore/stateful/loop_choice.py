"""When a search over states goes on with the compiled loop: it is fast, takes long to load, and is an extra."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from aprt.core.errors import UserError
from aprt.explore.result import Question

_PAYS = 150_000  # states: to load it takes as long as they do


def compiles(question: Question) -> bool:
    """Whether the compiled loop takes over, unasked, when there are many states."""
    return question.loop == "auto" and find_spec("numba") is not None


def compiled_from(question: Question) -> int:
    """From how many states on the loop is the compiled one. Raises: `UserError` when it cannot be but was asked for."""
    if question.loop == "compiled":
        if find_spec("numba") is None:
            raise UserError("the compiled loop needs numba: pip install 'aprt[fast]'")
        if question.symmetry:
            raise UserError("symmetry has a loop of its own: leave out --loop")
        return 0
    return _PAYS if compiles(question) and not question.symmetry else sys.maxsize
