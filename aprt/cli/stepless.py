"""A user's behaviour that goes on and on without a step: told in one line, as no bound would ever end the search."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Iterator
from itertools import chain
from types import FrameType
from typing import Final

from aprt.core.errors import UserError

OWN: Final = "aprt_own_"  # prefix of the names of a user's modules in `sys.modules`
_PATIENCE: Final = 2.0  # seconds of computing between two looks

# the functions in which the drivers run a behaviour to its next effect: module and name
_RESUMING: Final = frozenset(
    {("aprt.explore.learned.thread", "Thread.resume"), ("aprt.runtime.context", "ContextPart._resume")}
)


def watch() -> None:
    """From here on a behaviour that computes for long without a step raises `UserError`; in forked workers, too."""
    if threading.current_thread() is not threading.main_thread():  # only there Python handles signals
        return
    if isinstance(getattr(signal.getsignal(signal.SIGVTALRM), "__self__", None), _Looks):
        return
    looks = _Looks()
    signal.signal(signal.SIGVTALRM, looks.look)
    os.register_at_fork(after_in_child=looks.begin)  # a timer is not inherited
    atexit.register(signal.setitimer, signal.ITIMER_VIRTUAL, 0)  # Python lets go of its handlers before it ends
    looks.begin()


class _Looks:
    """Looks now and then at what runs. Two looks at the same call of a driver: no step was taken between them."""

    def __init__(self) -> None:
        self._seen: FrameType | None = None

    def begin(self) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, _PATIENCE, _PATIENCE)

    def look(self, number: int, frame: FrameType | None) -> None:
        """The handler of the timer's signal."""
        inside: list[FrameType] = []
        before, self._seen = self._seen, None
        for each in _outwards(frame):
            if (each.f_globals.get("__name__"), each.f_code.co_qualname) in _RESUMING:
                self._seen = each
                break
            inside.append(each)
        if inside and self._seen is not None and self._seen is before:
            raise UserError(f"{_place(inside)} takes no step: it goes on and on, and awaits nothing")


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _place(inside: list[FrameType]) -> str:
    """The innermost function of a user's file, or else of what is no part of aprt.

    inside: frames of the behaviour, the innermost first.
    """
    own = (frame for frame in inside if _module(frame).startswith(OWN))
    others = (frame for frame in inside if not _module(frame).startswith("aprt."))
    frame = next(chain(own, others, inside))
    return f"{frame.f_code.co_name}() at {frame.f_code.co_filename}:{frame.f_lineno}"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))
