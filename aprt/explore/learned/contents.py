"""The content of values: what `explore.learned.control` compares of all that a suspended behaviour can still read.

Values are compared by type and content, since 1, True and 1.0 are equal and act differently. Lists, dicts and sets are
not compared: another name may change them unseen. What is compared by identity elsewhere (functions, iterators,
suspended generators, cells, context managers) is compared by content here and numbered in the order met, so that one
object under two names is told from two that look alike. Any other object without an equality of its own is equal to
itself only, and only while it holds the same. One of a frozen attrs class with slots is taken to hold the same always,
so only those of its parts are read again that are not of that kind; a model must not get round that with
`object.__setattr__`. A function that a module defines, without attributes, is a constant, as the module is. An
exception is its type, arguments, attributes and causes: no behaviour is expected to read its traceback.
"""

from __future__ import annotations

import abc
import dataclasses
import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
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
from aprt.explore.learned.frames import Suspended, is_empty
from aprt.explore.learned.lasting import SECTIONS, is_bare, is_fixed, keeps_its_hash

Records: TypeAlias = dict[int, tuple[Hashable, object]]
"""The contents of immutable records by id, each with its record, so that no id is used again."""

Where: TypeAlias = tuple[FrameType | None, str, str]
"""Where a value was found: in which frame; in words, in what part of it; and under which name, if it has one."""

Reading: TypeAlias = "Callable[[Contents, Any, Where], Hashable]"

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


@attrs.frozen(eq=False)
class _Loose:
    """Of an object that holds the same always: those of its parts that do not, and so are to be read again."""

    parts: tuple[object, ...]


class Contents(abc.ABC):
    """The contents of the values that one suspended behaviour can read.

    records: what is known of immutable records already. places: what has no content to compare, by where it was found.
    """

    def __init__(self, records: Records) -> None:
        self.places: dict[str, None] = {}
        self._records = records
        self._seen: dict[int, tuple[int, object]] = {}  # objects met, by id, with their numbers
        self._passing = 0  # how many contents were read that say something about this behaviour only
        self._loose: list[tuple[object, Hashable]] = []  # objects met that are to be read again, with their contents

    @abc.abstractmethod
    def frame(self, suspended: Suspended, at: Where) -> Hashable:
        """What a suspended coroutine or generator can still read, and where it stands."""

    def _suspended(self, suspended: Suspended, at: Where) -> Hashable:
        return self.frame(suspended, at)  # as a `Reading`, `Contents.frame` would not be the subclass's

    def value(self, value: object, at: Where) -> Hashable:
        """A value by type and content. at: where it was found, for a place."""
        kind: Any = type(value)
        return kind, _reading(kind)(self, value, at)

    def _itself(self, value: Hashable, at: Where) -> Hashable:
        return value

    def _printed(self, value: object, at: Where) -> Hashable:
        return repr(value)

    def _name(self, actor: Actor[Any], at: Where) -> Hashable:
        return actor.name

    def items(self, values: Iterable[object], at: Where) -> Hashable:
        """Values in order."""
        return tuple([self.value(item, at) for item in values])

    def _fields(self, record: Any, at: Where) -> Hashable:
        known = self._records.get(id(record))
        if known is not None:
            return known[0]
        kind: Any = type(record)
        before = self._passing
        content = tuple([self.value(getattr(record, name), at) for name in _field_names(kind)])
        if self._passing == before:
            self._records[id(record)] = content, record
        return content

    def _hashable(self, value: Any, at: Where) -> Hashable:
        """The content of a value that promises, by having a hash, never to change."""
        match value:
            case MethodType():
                return self.items((value.__func__, value.__self__), at)
            case BuiltinFunctionType() | MethodWrapperType():
                return self.items((value.__name__, value.__self__), at)
            case _ if not keeps_its_hash(value):
                return self.never(value, at)
            case Mapping():
                return frozenset(self.items(item, at) for item in value.items())
            case AbstractSet():
                return frozenset(self.value(item, at) for item in value)
            case Sequence():
                return self.items(value, at)
            case _:
                return cast(Hashable, value)

    def _numbered(self, value: object, at: Where) -> Hashable:
        key, seen, before = id(value), self._seen, self._passing
        kind: Any = type(value)
        known, _ = self._records.get(key, (None, None))
        if known is not None and not isinstance(known, _Loose):
            return known
        self._passing, first = before + 1, len(self._loose)
        again = seen.get(key)
        found: Hashable
        content: Hashable
        if again is not None:
            found = "again", again[0]
        else:
            number = len(seen)
            seen[key] = number, value
            if known is not None:
                content = value, tuple([self.value(part, at) for part in known.parts])
            else:
                content = _content(kind)(self, value, at)
                if is_fixed(kind) and self._passing == before + 1:
                    self._passing = before
                    del seen[key]
                    self._records[key] = value, value  # which object it is says all
                    return value
                if is_fixed(kind):
                    loose = self._loose[first:]
                    self._records[key] = _Loose(tuple([part for part, _ in loose])), value
                    content = value, tuple([read for _, read in loose])
            found = number, content
        self._loose[first:] = [(value, (kind, found))]
        return found

    def _cell(self, cell: CellType, at: Where) -> Hashable:
        return None if is_empty(cell) else self.value(cell.cell_contents, at)

    def _named(self, function: FunctionType, at: Where) -> Hashable:
        """A function: what a module has defined, with nothing else to it, stays as it is, like the module itself."""
        nested = function.__code__.co_flags & inspect.CO_NESTED
        return self._numbered(function, at) if nested or not is_bare(function) else function

    def _function(self, function: FunctionType, at: Where) -> Hashable:
        if is_bare(function):
            return function.__code__, function.__code__.co_filename  # most are
        content = function.__defaults__, function.__closure__
        options = self._state((function.__kwdefaults__, vars(function)), at)
        return function.__code__, function.__code__.co_filename, self.value(content, at), options

    def _partial(self, call: partial[Any], at: Where) -> Hashable:
        return self.value((call.func, call.args), at), self._state(call.keywords, at)

    def _exception(self, error: BaseException, at: Where) -> Hashable:
        raised = error.args, error.__cause__, error.__context__, error.__suppress_context__
        return self.value(raised, at), self._state(vars(error), at)

    def _underneath(self, iterator: Any, at: Where) -> Hashable:
        return self.value(iterator.__reduce__()[1:], at)

    def _remaining(self, iterator: Any, at: Where) -> Hashable:
        """The items to come. Reading them off the copy protocol does not consume them."""
        rebuild, (source,), *position = iterator.__reduce__()
        if not isinstance(source, Sequence):
            return self.never(source, at)
        if rebuild is reversed:
            source = source[: position[0] + 1] if position else source
        else:
            source = source[position[0] or 0 :] if position else source
        # nobody else can reach the list: it would be live and would not merge
        return self.value(tuple(source) if isinstance(source, list) else source, at)

    def _instance(self, value: Any, at: Where) -> Hashable:
        """A plain object: its attributes and slots, as the copy protocol lists them, and which object it is."""
        kind: Any = type(value)
        if kind.__reduce__ is not object.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__:
            return self.never(value, at)
        try:
            _, _, state, *_ = value.__reduce_ex__(2)
        except TypeError:  # made in C, and shows nothing
            return self.never(value, at)
        content = self._state(state, at)
        return content if issubclass(kind, SECTIONS) else (value, content)

    def _state(self, state: Any, at: Where) -> Hashable:
        match state:
            case dict():
                return tuple((name, self.value(part, at)) for name, part in state.items())
            case tuple():
                return tuple(self._state(part, at) for part in state)
            case _:
                return self.value(state, at)

    def never(self, value: object, at: Where) -> Hashable:
        """A value without comparable content: a place."""
        self._passing += 1
        self._loose.append((value, (type(value), None)))
        frame, what, which = at
        line = "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}: "
        named = f"{what} {which!r}" if which else what
        self.places[f"{line}{named} holds a {type(value).__name__}"] = None
        return None


@cache
def _reading(kind: Any) -> Reading:
    """How the content of values of this type is read."""
    if kind in _ATOMS or issubclass(kind, _CONSTANTS):
        return Contents._itself
    if kind in _BY_REPR:
        return Contents._printed
    if issubclass(kind, Actor):
        return Contents._name
    if kind is FunctionType:
        return Contents._named
    if kind is CellType or kind.__hash__ is object.__hash__:
        return Contents._numbered
    if kind.__hash__ is None:
        return Contents.never
    if issubclass(kind, tuple):
        return Contents.items
    return Contents._fields if attrs.has(kind) or dataclasses.is_dataclass(kind) else Contents._hashable


@cache
def _content(kind: Any) -> Reading:
    """How the content of an object is read that Python compares by identity."""
    for one_of, reading in (
        ((CoroutineType, GeneratorType, AsyncGeneratorType), Contents._suspended),
        (CellType, Contents._cell),
        (FunctionType, Contents._function),
        (partial, Contents._partial),
        (BaseException, Contents._exception),
    ):
        if issubclass(kind, one_of):
            return cast(Reading, reading)
    if kind in _COMPOUND_ITERATORS:
        return Contents._underneath
    return Contents._remaining if kind in _ITERATORS else Contents._instance


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    """The fields of an attrs or data class."""
    return tuple(field.name for field in (attrs.fields(kind) if attrs.has(kind) else dataclasses.fields(kind)))
