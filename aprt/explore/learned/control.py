"""Control states: when two suspended behaviours have the same future.

A behaviour is deterministic given its answers, so its future is decided by what it can still read: for each frame
of its await chain the position in the code, the live locals (`explore.learned.liveness`), the value stack and the
exception being handled; and, innermost, the effect it awaits. `control_key` gathers exactly that, by content.

Values are compared by type and content, since 1, True and 1.0 are equal and act differently. Lists, dicts and
sets are not compared: another name may change them unseen. What is compared by identity elsewhere (functions,
iterators, suspended generators, cells, context managers) is compared by content here and numbered in the order met,
so that one object under two names is told from two that look alike. Other objects without an equality of their own
merge with themselves only, and only while they hold the same. One of a frozen class of attrs with slots, that holds
only such objects and values, is taken to hold the same always: nobody may get round that with `object.__setattr__`.
An exception is its type, arguments, attributes and causes; nobody reads its traceback.
"""

from __future__ import annotations

import dataclasses
import gc
import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from enum import Enum
from functools import cache, partial
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    CodeType,
    CoroutineType,
    EllipsisType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    NoneType,
    WrapperDescriptorType,
)
from typing import Any, TypeAlias, cast

import attrs

from aprt.core.actor import Actor, Handler
from aprt.core.effects import Effect
from aprt.core.errors import ModelError
from aprt.core.system import Behaviour
from aprt.explore.learned.frames import Suspended, anatomy, dissect, is_empty
from aprt.explore.learned.liveness import live_locals

Records: TypeAlias = dict[int, tuple[Hashable, object]]  # by id; with the record, so that no id is used again

Where: TypeAlias = tuple[FrameType | None, str, str]  # a frame, what in it, in words, and which of several, if any
Reading: TypeAlias = "Callable[[_Reader, Any, Where], Hashable]"

_ATOMS = frozenset({NoneType, EllipsisType, bool, int, str, bytes, CodeType})
_BY_REPR = frozenset({float, complex, range})  # -0.0 == 0.0, nan != nan, range(0) == range(1, 1)
_CONSTANTS = (type, ModuleType, Enum, Handler, MethodDescriptorType, WrapperDescriptorType)
_COMPOUND_ITERATORS = frozenset({enumerate, zip, map, filter})
_VIEWS: tuple[Any, ...] = ({}.keys(), {}.values(), {}.items())
_SEQUENCES: tuple[Any, ...] = ((), [], "", "\u20ac", b"", range(0), range(1 << 70))
_ITERATORS = frozenset(
    {type(iter(source)) for source in (*_SEQUENCES, *_VIEWS, frozenset[int]())}
    | {type(reversed(source)) for source in (*_SEQUENCES, *_VIEWS)}
)
_AWAIT_EFFECT = Effect.__await__.__code__
_SECTIONS = (AbstractAsyncContextManager, AbstractContextManager)


@attrs.frozen
class _Frozen:
    """Every frozen class of attrs refuses to set attributes in the same way."""


def control_key(behaviour: Behaviour, records: Records | None = None) -> tuple[Hashable, tuple[str, ...]]:
    """The control state of a behaviour suspended at an effect, and the places that keep it from merging.

    Equal keys: the behaviours await equal effects, and do the same ever after, given the same answers. A place
    is `file:line: what holds what` and names a value without comparable content; when there is one, the key is
    equal to no other, not even to that of the same behaviour asked again. A key keeps what it names alive.
    records: the contents of immutable records, which need not be read again; start with {}, one for many calls.

    Raises: `ModelError` unless the behaviour is suspended (it has not started, is running, or is done), and when
    it awaits what is no effect.
    """
    state = inspect.getcoroutinestate(behaviour)
    if state != inspect.CORO_SUSPENDED:
        raise ModelError(f"a control state is that of a suspended behaviour, not of one in {state}")
    reader = _Reader({} if records is None else records)
    key = reader.awaited(behaviour, (None, "the behaviour", ""))
    return (object() if reader.places else key), tuple(reader.places)


class _Reader:
    """Reads one await chain.

    places: why it cannot merge. seen: objects met, by id, with their numbers. passing: counts contents that hold for
    this reading only.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.places: dict[str, None] = {}
        self.seen: dict[int, tuple[int, object]] = {}
        self.passing = 0

    def awaited(self, target: object, at: Where) -> Hashable:
        """What a frame awaits: a coroutine, the generator of an effect, or a step of an asynchronous generator."""
        if isinstance(target, CoroutineType | GeneratorType):
            frame, inner = anatomy(target)
            if inner is None and (frame is None or frame.f_code is not _AWAIT_EFFECT):
                raise ModelError(f"a behaviour awaits {target!r}, which is no effect of aprt")
            return self._value(target, at)
        # __anext__, athrow and the like are opaque objects that lead on to what they run
        referents = gc.get_referents(target)
        if not (referents and isinstance(referents[0], CoroutineType | AsyncGeneratorType)):
            raise ModelError(f"a behaviour awaits {target!r}, which is no effect of aprt")
        return type(target), tuple(self._value(part, at) for part in referents)

    def _frame(self, suspended: Suspended, at: Where) -> Hashable:
        frame, awaited = anatomy(suspended)
        if frame is None:
            return None
        code = frame.f_code
        if code is _AWAIT_EFFECT:
            return self._value(frame.f_locals["self"], (frame, "the effect", ""))
        parts = dissect(suspended)
        if parts is None:
            return self._never(frame, (frame, "this version of Python", ""))
        live, cells = live_locals(code)[frame.f_lasti], parts.cells
        variables = tuple(
            [
                (name, self._value(value, (frame, "local", name)))
                for name, value in parts.variables.items()
                if name in live or name in cells
            ]
        )
        stack = self._items(parts.stack, (frame, "the value stack", ""))
        handled = self._value(parts.handled, (frame, "the exception being handled", ""))
        inner = None if awaited is None else self.awaited(awaited, (frame, "what it awaits", ""))
        # equal code in two files means different globals
        return code, code.co_filename, frame.f_lasti, variables, stack, handled, inner

    def _value(self, value: object, at: Where) -> Hashable:
        """A value by type and content. at: where it was found, for a place."""
        kind: Any = type(value)
        return kind, _reading(kind)(self, value, at)

    def _itself(self, value: Hashable, at: Where) -> Hashable:
        return value

    def _printed(self, value: object, at: Where) -> Hashable:
        return repr(value)

    def _name(self, actor: Actor[Any], at: Where) -> Hashable:
        return actor.name

    def _items(self, values: Iterable[object], at: Where) -> Hashable:
        return tuple([self._value(item, at) for item in values])

    def _fields(self, record: Any, at: Where) -> Hashable:
        known = self.records.get(id(record))
        if known is not None:
            return known[0]
        kind: Any = type(record)
        before = self.passing
        content = tuple([self._value(getattr(record, name), at) for name in _field_names(kind)])
        if self.passing == before:
            self.records[id(record)] = content, record
        return content

    def _hashable(self, value: Any, at: Where) -> Hashable:
        """The content of a value that promises, by having a hash, never to change."""
        match value:
            case MethodType():
                return self._items((value.__func__, value.__self__), at)
            case BuiltinFunctionType() | MethodWrapperType():
                return self._items((value.__name__, value.__self__), at)
            case _ if not _keeps_its_hash(value):
                return self._never(value, at)
            case Mapping():
                return frozenset(self._items(item, at) for item in value.items())
            case AbstractSet():
                return frozenset(self._value(item, at) for item in value)
            case Sequence():
                return self._items(value, at)
            case _:
                return cast(Hashable, value)

    def _numbered(self, value: object, at: Where) -> Hashable:
        key, seen, before = id(value), self.seen, self.passing
        known = self.records.get(key)
        if known is not None:
            return known[0]
        self.passing = before + 1
        again = seen.get(key)
        if again is not None:
            return "again", again[0]
        number = len(seen)
        seen[key] = number, value
        kind: Any = type(value)
        content = _content(kind)(self, value, at)
        if self.passing == before + 1 and _is_fixed(kind):
            self.passing = before
            del seen[key]
            self.records[key] = value, value  # which object it is says all
            return value
        return number, content

    def _cell(self, cell: CellType, at: Where) -> Hashable:
        return None if is_empty(cell) else self._value(cell.cell_contents, at)

    def _function(self, function: FunctionType, at: Where) -> Hashable:
        if not (function.__defaults__ or function.__closure__ or function.__kwdefaults__ or function.__dict__):
            return function.__code__, function.__code__.co_filename  # most are
        content = function.__defaults__, function.__closure__
        options = self._state((function.__kwdefaults__, vars(function)), at)
        return function.__code__, function.__code__.co_filename, self._value(content, at), options

    def _partial(self, call: partial[Any], at: Where) -> Hashable:
        return self._value((call.func, call.args), at), self._state(call.keywords, at)

    def _exception(self, error: BaseException, at: Where) -> Hashable:
        raised = error.args, error.__cause__, error.__context__, error.__suppress_context__
        return self._value(raised, at), self._state(vars(error), at)

    def _underneath(self, iterator: Any, at: Where) -> Hashable:
        return self._value(iterator.__reduce__()[1:], at)

    def _remaining(self, iterator: Any, at: Where) -> Hashable:
        """The items to come. Reading them off the copy protocol does not consume them."""
        rebuild, (source,), *position = iterator.__reduce__()
        if not isinstance(source, Sequence):
            return self._never(source, at)
        if rebuild is reversed:
            source = source[: position[0] + 1] if position else source
        else:
            source = source[position[0] or 0 :] if position else source
        # nobody else can reach the list: it would be live and would not merge
        return self._value(tuple(source) if isinstance(source, list) else source, at)

    def _instance(self, value: Any, at: Where) -> Hashable:
        """A plain object: its attributes and slots, as the copy protocol lists them, and which object it is."""
        kind: Any = type(value)
        if kind.__reduce__ is not object.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__:
            return self._never(value, at)
        try:
            _, _, state, *_ = value.__reduce_ex__(2)
        except TypeError:  # made in C, and shows nothing
            return self._never(value, at)
        content = self._state(state, at)
        return content if issubclass(kind, _SECTIONS) else (value, content)

    def _state(self, state: Any, at: Where) -> Hashable:
        match state:
            case dict():
                return tuple((name, self._value(part, at)) for name, part in state.items())
            case tuple():
                return tuple(self._state(part, at) for part in state)
            case _:
                return self._value(state, at)

    def _never(self, value: object, at: Where) -> Hashable:
        self.passing += 1
        frame, what, which = at
        line = "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}: "
        named = f"{what} {which!r}" if which else what
        self.places[f"{line}{named} holds a {type(value).__name__}"] = None
        return None


@cache
def _reading(kind: Any) -> Reading:
    """How the content of values of this type is read."""
    if kind in _ATOMS or issubclass(kind, _CONSTANTS):
        return _Reader._itself
    if kind in _BY_REPR:
        return _Reader._printed
    if issubclass(kind, Actor):
        return _Reader._name
    if kind is CellType or kind.__hash__ is object.__hash__:
        return _Reader._numbered
    if kind.__hash__ is None:
        return _Reader._never
    if issubclass(kind, tuple):
        return _Reader._items
    return _Reader._fields if attrs.has(kind) or dataclasses.is_dataclass(kind) else _Reader._hashable


@cache
def _content(kind: Any) -> Reading:
    """How the content of an object is read that Python compares by identity."""
    for one_of, reading in (
        ((CoroutineType, GeneratorType, AsyncGeneratorType), _Reader._frame),
        (CellType, _Reader._cell),
        (FunctionType, _Reader._function),
        (partial, _Reader._partial),
        (BaseException, _Reader._exception),
    ):
        if issubclass(kind, one_of):
            return cast(Reading, reading)
    if kind in _COMPOUND_ITERATORS:
        return _Reader._underneath
    return _Reader._remaining if kind in _ITERATORS else _Reader._instance


@cache
def _is_fixed(kind: Any) -> bool:
    """Whether an object that Python compares by identity holds the same as long as what it holds does."""
    frozen = kind.__setattr__ is _Frozen.__setattr__ and not kind.__dictoffset__
    return frozen and not issubclass(kind, (*_SECTIONS, BaseException))


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    """The fields of an attrs or data class."""
    return tuple(field.name for field in (attrs.fields(kind) if attrs.has(kind) else dataclasses.fields(kind)))


def _keeps_its_hash(value: object) -> bool:
    """Whether it has a hash after all: that of a container depends on what is in it."""
    try:
        hash(value)
    except TypeError:
        return False
    return True
