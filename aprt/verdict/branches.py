"""Branches: lines of functions of the model that no step entered, though the function was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import attrs

from aprt.core.exercise import Function, Line


@attrs.frozen(order=True)
class Branch:
    """A run of lines that no step entered, of a function that some step did enter."""

    file: str
    first: int  # line
    last: int
    function: str
    procedure: bool  # it is part of a behaviour; else of a handler, or of what one calls
    calls: tuple[str, ...]  # the messages that it sends, as the code writes them
    answer: bool = False  # a behaviour gets there or not by the answer to a message

    @property
    def where(self) -> str:
        """`file:first-last`."""
        return f"{self.file}:{self.first}" + (f"-{self.last}" if self.last > self.first else "")


def branches_of(missed: Mapping[Function, frozenset[Line]], messages: set[str]) -> Iterator[Branch]:
    """The missed lines as branches: lines that follow each other in their function make one."""
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
    """The run without those lines at either end that no step could enter anyway."""
    busy = [place for place, line in enumerate(run) if not line.idle]
    return run[busy[0] : busy[-1] + 1] if busy else []
