"""Which lines of the model the steps of a search go through: they are run once more, and watched.

A step runs a handler, and takes a behaviour from one effect to the next. No behaviour can be copied on the way: each
way that leads on to another control state is gone from the start, as few times as there are ends of ways.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any, Final, TypeAlias

from aprt.core import step
from aprt.core.effects import Call
from aprt.core.exercise import Function, Line
from aprt.core.system import System
from aprt.explore.checks import Note
from aprt.explore.model_code import is_model, told
from aprt.explore.tables import Learned, Tables
from aprt.explore.thread import Thread

Answers: TypeAlias = tuple[Any, ...]

_BEHAVIOUR: Final = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def missed(system: System, tables: Tables[Note], learned: Sequence[Learned]) -> Mapping[Function, frozenset[Line]]:
    """The functions that these steps enter, each with its lines that none of them does."""
    watch = _Watch()
    with watch.on():
        _handle(system, tables, learned)
    for place, context in enumerate(system.contexts):
        for answers in _ways(tables, place, learned):
            actors = {actor.name for actor in system.actors}
            with watch.on():
                thread = Thread(context, actors)
                for answer in answers:
                    thread.resume(answer)
            thread.drop()
    return {_function(code): frozenset(_not_in(code, lines)) for code, lines in watch.lines.items()}


def _handle(system: System, tables: Tables[Note], learned: Sequence[Learned]) -> None:
    """Run the handlers again."""
    actors = {actor.name: actor for actor in system.actors}
    for each in learned:
        control = tables.control(each.place, each.control)
        if isinstance(control.effect, Call) and each.steps:
            actor = actors[control.effect.actor.name]
            value = tables.packing.value(tables.packing.actors[actor.name], each.number)
            step.call(actor, value, control.effect, control.caller, control.chain)


def _ways(tables: Tables[Note], place: int, learned: Sequence[Learned]) -> Iterator[Answers]:
    """Answers to give to the behaviour of a context, so that it goes from every control state by every way there is."""
    edges: dict[int, list[tuple[Any, int]]] = {}
    for each in learned:
        if each.place == place:
            for number in each.steps:
                done, moved = tables.steps[number], dict(tables.changes[number])
                if not done.oops:
                    edges.setdefault(each.control, []).append((done.event.reply, each.control + moved.get(place, 0)))
    known: dict[int, Answers] = {0: ()}
    todo = deque([0])
    while todo:
        control = todo.popleft()
        before = known[control]
        if control not in edges:
            yield before
        for answer, after in edges.get(control, ()):
            if after not in known:
                known[after] = *before, answer
                todo.append(after)
            else:
                yield *before, answer


class _Watch:
    """lines: of the code of the model that ran, by function."""

    def __init__(self) -> None:
        self.lines: dict[CodeType, set[int]] = {}

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
        if code not in self.lines:
            if not is_model(code.co_filename):
                return None
            self.lines[code] = set()
        return self._line

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        self.lines[frame.f_code].add(frame.f_lineno)
        return self._line


def _function(code: CodeType) -> Function:
    name = code.co_qualname.replace(".<locals>", "")
    return Function(told(code.co_filename), code.co_firstlineno, name, bool(code.co_flags & _BEHAVIOUR))


def _not_in(code: CodeType, entered: set[int]) -> Iterator[Line]:
    """The lines of a function that were not entered. Whoever enters it is in the first."""
    lines = sorted({line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno})
    if entered.issuperset(lines):
        return
    calls: dict[int, list[str]] = {}
    idle = set()
    instructions = list(dis.get_instructions(code))
    for before, instruction in pairwise(instructions):
        line = None if instruction.positions is None else instruction.positions.lineno
        if line is not None and _loads_method(instruction):
            named = before.opname.startswith("LOAD_") and isinstance(before.argval, str)
            calls.setdefault(line, []).append(f"{before.argval if named else ''}.{instruction.argval}")
        if line is not None and (instruction.opname == "RAISE_VARARGS" or instruction.argval == "BLOCK"):
            idle.add(line)
    for place, line in enumerate(lines):
        if line not in entered:
            yield Line(line, place, tuple(dict.fromkeys(calls.get(line, ()))), line in idle)


def _loads_method(instruction: dis.Instruction) -> bool:
    """Whether it gets what is called as `value.name(...)`."""
    if instruction.opname == "LOAD_ATTR":  # from 3.12 on
        return sys.version_info >= (3, 12) and bool((instruction.arg or 0) & 1)
    return instruction.opname == "LOAD_METHOD"
