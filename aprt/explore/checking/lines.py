"""Which lines of the model the steps of a search go through: they are run once more, and watched.

A step runs a handler, and takes a behaviour from one effect to the next. A suspended behaviour cannot be copied, so it
is run from its start over and over: once for each path through its control states that ends where nothing is new.
"""

from __future__ import annotations

import inspect
import linecache
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from types import CodeType, FrameType
from typing import Any, Final, TypeAlias

from aprt.core import step
from aprt.core.effects import Call
from aprt.core.exercise import Function, Line
from aprt.core.system import System
from aprt.explore.checking.checks import Due
from aprt.explore.checking.deciding import decided_by_answers
from aprt.explore.checking.model_code import is_model, readable_path
from aprt.explore.learned.tables import Learned, Tables
from aprt.explore.learned.thread import Thread

Answers: TypeAlias = tuple[Any, ...]

_CALL: Final = re.compile(r"(\w*)\]?\.(\w+)\(")
_IDLE: Final = re.compile(r"\s*(?:raise\b|return BLOCK\s*(?:#.*)?$)")
_BEHAVIOUR: Final = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def missed(system: System, tables: Tables[Due], learned: Sequence[Learned]) -> Mapping[Function, frozenset[Line]]:
    """The functions that these steps enter, each with its lines that none of them does."""
    watch, actors = _Watch(), {actor.name for actor in system.actors}
    with watch.on():
        _handle(system, tables, learned)
    for place, context in enumerate(system.contexts):
        for known, new in _ways(tables, place, learned):
            with nullcontext() if known else watch.on():
                thread = Thread(context, actors)
            for answer in known:
                thread.resume(answer)
            with watch.on():
                for answer in new:
                    thread.resume(answer)
            thread.drop()
    return {_function(code): frozenset(_told(code, left)) for code, left in watch.left.items()}


def _handle(system: System, tables: Tables[Due], learned: Sequence[Learned]) -> None:
    """Run the handlers again."""
    actors = {actor.name: actor for actor in system.actors}
    for each in learned:
        control = tables.control(each.place, each.control)
        if isinstance(control.effect, Call) and each.steps:
            actor = actors[control.effect.actor.name]
            value = tables.packing.value(tables.packing.actors[actor.name], each.number)
            step.call(actor, value, control.effect, control.caller, control.chain)


def _ways(tables: Tables[Due], place: int, learned: Sequence[Learned]) -> Iterator[tuple[Answers, Answers]]:
    """Answers to give to the behaviour of a context, so that it goes from every control state by every way there is.

    In two parts: those by which it went before, and the others.
    """
    edges = _edges(tables, place, learned)
    met: set[int] = set()
    todo: list[tuple[int, Answers, Answers]] = [(0, (), ())]
    while todo:
        control, known, new = todo.pop()
        if control in met or control not in edges:
            yield known, new
            continue
        met.add(control)
        (answer, after), *others = edges[control]
        # the first way is gone first: all up to here has been watched when the others are gone
        todo += ((after, (*known, *new), (answer,)) for answer, after in reversed(others))
        todo.append((after, known, (*new, answer)))


def _edges(tables: Tables[Due], place: int, learned: Sequence[Learned]) -> dict[int, list[tuple[Any, int]]]:
    """By control state of a context, the answers that it is given, each once, with the control state it leads to."""
    edges: dict[int, dict[tuple[type, Any, int], None]] = {}
    for each in learned:
        if each.place == place:
            for number in each.steps:
                done, moved = tables.steps[number], dict(tables.changes[number])
                if not done.oops:
                    answer, after = done.event.reply, each.control + moved.get(place, 0)
                    edges.setdefault(each.control, {})[type(answer), answer, after] = None
    return {control: [(answer, after) for _, answer, after in found] for control, found in edges.items()}


class _Watch:
    """left: by function of the model that ran, its lines that did not. When all have run, it is watched no more."""

    def __init__(self) -> None:
        self.left: dict[CodeType, set[int]] = {}

    @contextmanager
    def on(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code not in self.left:
            if not is_model(code.co_filename):
                return None
            self.left[code] = set(_lines(code))
        return self._line if self.left[code] else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":  # and not "exception": a behaviour that is dropped has not gone on from its await
            self.left[frame.f_code].discard(frame.f_lineno)
        return self._line


def _function(code: CodeType) -> Function:
    name = code.co_qualname.replace(".<locals>", "")
    return Function(readable_path(code.co_filename), code.co_firstlineno, name, bool(code.co_flags & _BEHAVIOUR))


def _lines(code: CodeType) -> list[int]:
    """The lines of a function but the first, at which whoever enters the function is anyway."""
    return sorted({line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno})


def _told(code: CodeType, left: set[int]) -> Iterator[Line]:
    """What there is to tell of some lines of a function."""
    answers = decided_by_answers(code) if code.co_flags & _BEHAVIOUR and left else {}
    for place, line in enumerate(_lines(code)):
        if line in left:
            text = linecache.getline(code.co_filename, line)
            calls = (f"{name}.{method}".lstrip(".") for name, method in _CALL.findall(text))
            idle = _IDLE.match(text) is not None
            yield Line(line, place, tuple(dict.fromkeys(calls)), idle, answers.get(line, False))
