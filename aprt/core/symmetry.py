"""Symmetry: parts of a system that may change places without making a difference.

A system declares it: `System(..., symmetry=(Alike((("t0",), ("t1",))),))` says that the contexts `t0` and `t1` are two
of a kind. A member of a class is all that belongs to it, by name, in the same order for every member: its contexts, its
actors, and whatever else stands for it inside values (the name of a file, the number of a queue). When two members
change places, so do their contexts and actors, and wherever a value names the one it then names the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, TypeVar, cast

import attrs
from pyrsistent import PMap, PSet, PVector, pmap, pset, pvector

from aprt.core.errors import ModelError

T = TypeVar("T")


@attrs.frozen
class Alike:
    """A class of members that may be permuted among each other, each a tuple of names as long as any other.

    Numbers that count something are not to be mistaken for names: use strings, or values of a type of their own.
    """

    members: tuple[tuple[Hashable, ...], ...]

    def __attrs_post_init__(self) -> None:
        if len(self.members) < 2 or len({len(names) for names in self.members}) > 1:
            raise ModelError(f"alike are two or more members with as many names each, not {self.members!r}")

    def exchange(self, i: int, j: int) -> Renaming:
        """The renaming that makes members `i` and `j` change places."""
        return Renaming(zip(self.members[i], self.members[j], strict=True))


class Renaming:
    """Exchanges names wherever a value has them: in records, tuples, sets and maps, at any depth.

    A value that names none of them is given back as it is. Order is kept; a tuple whose order says nothing, and is only
    fixed by sorting, has to be sorted again (`Actor.sorts`).
    """

    def __init__(self, pairs: Iterable[tuple[Hashable, Hashable]]) -> None:
        self._names: dict[tuple[type, Hashable], Hashable] = {}
        for one, other in pairs:
            self._names[type(one), one] = other
            self._names[type(other), other] = one
        self._kinds = frozenset(kind for kind, _ in self._names)

    def __call__(self, value: T) -> T:
        return cast(T, self._renamed(value))

    def _renamed(self, value: Any) -> Any:
        kind = type(value)
        if kind in self._kinds:
            found = self._names.get((kind, value))
            if found is not None:
                return found
        if isinstance(value, tuple):
            parts = [self._renamed(part) for part in value]
            if _same(parts, value):
                return value
            return tuple(parts) if kind is tuple else kind(*parts)
        if isinstance(value, PMap):
            items = [(self._renamed(key), self._renamed(part)) for key, part in value.items()]
            same = all(key in value and value[key] is part for key, part in items)
            return value if same else pmap(dict(items))
        for collection, make in ((frozenset, frozenset), (PSet, pset), (PVector, pvector)):
            if isinstance(value, collection):
                parts = [self._renamed(part) for part in value]
                return value if _same(parts, value) else make(parts)
        return self._record(value) if attrs.has(kind) else value

    def _record(self, record: Any) -> Any:
        kind: Any = type(record)
        fields = _fields(kind)
        before = [getattr(record, name) for name, _ in fields]
        after = [self._renamed(part) for part in before]
        if _same(after, before):
            return record
        return attrs.evolve(record, **{alias: part for (_, alias), part in zip(fields, after, strict=True)})


@cache
def _fields(kind: Any) -> tuple[tuple[str, str], ...]:
    """The fields of an attrs class, by their own names and those that they are initialised by."""
    return tuple((field.name, field.alias) for field in attrs.fields(kind) if field.init)


def _same(parts: Iterable[object], others: Iterable[object]) -> bool:
    return all(part is other for part, other in zip(parts, others, strict=True))
