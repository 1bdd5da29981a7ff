"""Branches: lines of functions of the model that no step entered, though the function was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import attrs

from aprt.core.exercise import Function, Line


@attrs.frozen(order=True)
class Branch:
    """Lines of a function, one after the other, that no step entered though the function was.

    procedure: whether it is a behaviour; else a handler, or what one calls. calls: messages sent there, as in the code.
    answer: an answer decides whether a behaviour comes there.
    """

    file: str
    first: int
    last: int
    function: str
    procedure: bool
    calls: tuple[str, ...]
    answer: bool = False

    @property
    def where(self) -> str:
        """`file:first-last`."""
        return f"{self.file}:{self.first}" + (f"-{self.last}" if self.last > self.first else "")


def branches_of(missed: Mapping[Function, frozenset[Line]], messages: set[str]) -> Iterator[Branch]:
    """Runs of lines that follow each other in their function."""
    for function, lines in missed.items():
        for _, group in groupby(enumerate(sorted(lines)), lambda each: each[1].place - each[0]):
            behind = [line for _, line in group]
            run = _busy(behind)
            if not run:
                continue
            sent = (call for line in run for call in line.calls if call.rpartition(".")[2] in messages)
            calls = tuple(dict.fromkeys(sent))
            first, last = run[0].number, run[-1].number
            yield Branch(function.file, first, last, function.name, function.procedure, calls, behind[0].answer)


def _busy(run: list[Line]) -> list[Line]:
    """Without lines at its ends that no step could enter."""
    busy = [place for place, line in enumerate(run) if not line.idle]
    return run[busy[0] : busy[-1] + 1] if busy else []
