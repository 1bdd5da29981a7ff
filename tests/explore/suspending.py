"""Behaviours brought to a point by their answers, and what `control_key` says there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

from aprt.core.system import Behaviour
from aprt.explore.learned.control import control_key

Start: TypeAlias = Callable[[], Behaviour]


class Run:
    """A behaviour after some answers. effect: what it awaits; None: it is done."""

    def __init__(self, start: Start, *answers: object) -> None:
        self.behaviour = start()
        self.effect: Any = None
        for answer in (None, *answers):
            self.resume(answer)

    def resume(self, answer: object) -> None:
        try:
            self.effect = self.behaviour.send(answer)
        except StopIteration:
            self.effect = None


@contextmanager
def suspended(start: Start, *answers: object) -> Iterator[Run]:
    """The behaviour after these answers; it is dropped in the end, whatever its clean-up code awaits."""
    run = Run(start, *answers)
    yield run
    while inspect.getcoroutinestate(run.behaviour) != inspect.CORO_CLOSED:
        with suppress(RuntimeError):
            run.behaviour.close()


def key(start: Start, *answers: object) -> Any:
    """The control key after these answers; it must be one that can merge."""
    with suspended(start, *answers) as run:
        found, places = control_key(run.behaviour)
    assert places == ()
    return found


def places(start: Start, *answers: object) -> list[str]:
    """What keeps it from merging, as `line: what`, lines counted from the `def` of the behaviour as 0."""
    with suspended(start, *answers) as run:
        first, again = control_key(run.behaviour), control_key(run.behaviour)
        code = run.behaviour.cr_code  # type: ignore[attr-defined]
    assert first[0] != again[0]
    assert first[1] == again[1]
    found = []
    for place in first[1]:
        file, line, what = place.split(":", 2)
        assert file == code.co_filename
        found.append(f"{int(line) - code.co_firstlineno}:{what}")
    return found
