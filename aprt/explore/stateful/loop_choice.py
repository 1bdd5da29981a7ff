"""When a search over states goes on with the compiled loop, which is fast, but takes long to load, and is an extra.

It also takes a moment for each level, in which the plain loop expands a dozen states. So where levels are narrow, as
in a long search in which little can happen at any time, the plain loop is the faster one.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

import attrs

from aprt.core.errors import UserError
from aprt.explore.result import Question

_PAYS = 150_000  # states: the plain loop finds them in the time that it takes to load the compiled one
_WIDE = 16  # states a level, on average: with fewer, the compiled loop is not the faster one


@attrs.frozen
class Takeover:
    """The compiled loop takes over where there are so many states, and so many for each level."""

    states: int
    width: int = 0

    def now(self, states: int, levels: int) -> bool:
        """Whether it does when so many are found."""
        return states >= max(self.states, self.width * levels)


def compiles(question: Question) -> bool:
    """Whether the compiled loop takes over, unasked, when there are many states."""
    return question.loop == "auto" and find_spec("numba") is not None


def compiled_from(question: Question) -> Takeover:
    """From when on the loop is the compiled one. Raises: `UserError` when it cannot be but was asked for."""
    if question.loop == "compiled":
        if find_spec("numba") is None:
            raise UserError("the compiled loop needs numba: pip install 'aprt[fast]'")
        if question.symmetry:
            raise UserError("symmetry has a loop of its own: leave out --loop")
        return Takeover(0)
    return Takeover(_PAYS, _WIDE) if compiles(question) and not question.symmetry else Takeover(sys.maxsize)
