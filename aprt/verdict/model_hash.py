"""A number for a model: the same wherever the same system is built from the same code.

It covers the system (actors with their configuration, initial states, contexts with what they start), its properties,
and the source files that make it: those in which its classes and functions are, and the files that these import, apart
from libraries and those parts of aprt that are no model (`explore.checking.model_code`).
Nothing in it depends on the machine, the version of Python, or the order of a set.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from enum import Enum
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import attrs

from aprt.core.actor import Actor, Handler
from aprt.core.scenario import Model
from aprt.explore.checking.model_code import is_model
from aprt.explore.learned.frames import is_empty

_IMPORT = re.compile(r"^(?:from|import)\s+([\w.]+)", re.MULTILINE)
_PLAIN = (type(None), bool, int, float, str, bytes)


def model_hash(model: Model) -> str:
    """Sixteen hexadecimal digits."""
    reader, system = _Reader(), model.system
    actors = [reader.record(actor) for actor in system.actors]
    contexts = [(context.name, context.daemon, reader.digest(context.start)) for context in system.contexts]
    parts = actors, contexts, *map(reader.digest, (system.initial(), system.symmetry, model.properties))
    return _hashed(repr(parts).encode(), *sorted(_sources(reader.files)))


def _hashed(*parts: bytes) -> str:
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(b"%d " % len(part) + part)
    return digest.hexdigest()


def _sources(files: Set[str]) -> Iterable[bytes]:
    """The contents of files and of those that they import."""
    modules = {file: m for m in list(sys.modules.values()) if (file := getattr(m, "__file__", None)) is not None}
    texts: dict[str, bytes] = {}
    todo = set(files)
    while todo:
        file = todo.pop()
        texts[file], names = _source(file, os.stat(file).st_mtime_ns, modules.get(file))
        imported = map(sys.modules.get, names)
        todo |= {other for m in imported if (other := getattr(m, "__file__", None)) is not None and is_model(other)}
        todo -= texts.keys()
    return texts.values()


@cache
def _source(file: str, written: int, module: ModuleType | None) -> tuple[bytes, frozenset[str]]:
    """What is in a file, and the names of the modules that it imports. written: when that was, to read it anew."""
    text = Path(file).read_bytes()
    return text, frozenset(_imported(module, text))


def _imported(module: ModuleType | None, text: bytes) -> Iterator[str]:
    """The names of the modules that a module imports: those in its text, and those that it has."""
    package = getattr(module, "__package__", None)
    for name in _IMPORT.findall(text.decode()):
        if package or not name.startswith("."):
            yield importlib.util.resolve_name(name, package)
    # a package has its own modules as attributes, whoever imported them
    if module is not None and not hasattr(module, "__path__"):
        yield from (value.__name__ for value in vars(module).values() if isinstance(value, ModuleType))


class _Reader:
    """Gives a digest for any value of a model; plain ones are their own. files: of the code that it came across."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self._known: dict[int, tuple[str, object]] = {}  # with the value, so that no id is used again
        self._kinds: dict[type[Any], str] = {}

    def digest(self, value: object) -> str:
        if type(value) in _PLAIN:  # most are
            return f"{type(value).__name__} {value!r}"
        known = self._known.get(id(value))
        if known is None:
            self._known[id(value)] = "again", value
            known = self._known[id(value)] = _hashed(repr(self._content(value)).encode()), value
        return known[0]

    def record(self, value: Any) -> str:
        """The digest of a record, by its fields."""
        kind = type(value)
        fields = [(f.name, self.digest(getattr(value, f.name))) for f in attrs.fields(kind)]
        return _hashed(repr((self._kind(kind), fields)).encode())

    def _content(self, value: Any) -> object:
        kind = type(value)
        match value:
            case Enum():
                return self._kind(kind), value.name
            case _ if isinstance(value, _PLAIN):
                return self._kind(kind), repr(value)
            case _ if attrs.has(kind):  # before abstract classes, which ask all that are derived from them
                # the fields of an actor are hashed where the system lists it
                return (self._kind(kind), value.name) if Actor in kind.__mro__ else self.record(value)
            case type():
                return self._kind(value)
            case FunctionType():
                return self._function(value)
            case MethodType():
                return self._each((value.__func__, value.__self__))
            case partial():
                return self._each((value.func, value.args, value.keywords))
            case Handler():
                return self.digest(value.run)
            case CellType():
                return None if is_empty(value) else self.digest(value.cell_contents)
            case Mapping():
                return self._kind(kind), sorted(self._each(item) for item in value.items())
            case Set():
                return self._kind(kind), sorted(self._each(value))
            case tuple() | list():
                return self._kind(kind), self._each(value)
            case _:
                return self._kind(kind), self._each(sorted(getattr(value, "__dict__", {}).items()))

    def _each(self, values: Iterable[object]) -> list[str]:
        return [self.digest(value) for value in values]

    def _function(self, function: FunctionType) -> object:
        self._add(function.__code__.co_filename)
        enclosed = function.__defaults__, function.__kwdefaults__, function.__closure__
        return function.__module__, function.__qualname__, self._each(enclosed)

    def _kind(self, kind: type[Any]) -> str:
        if kind not in self._kinds:
            for base in kind.__mro__:
                self._add(getattr(sys.modules.get(base.__module__), "__file__", None))
            self._kinds[kind] = f"{kind.__module__}.{kind.__qualname__}"
        return self._kinds[kind]

    def _add(self, file: str | None) -> None:
        if file is not None and is_model(file):
            self.files.add(file)
