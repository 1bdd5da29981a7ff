"""Symmetry: parts of a system that may change places without making a difference.

A system declares it: `System(..., symmetry=(Alike((("t0",), ("t1",))),))` says that the contexts `t0` and `t1` are two
of a kind. A member of a class is all that belongs to it, by name, in the same order for every member: its contexts, its
actors, and the options of choices that stand for it. When two members change places, so do their contexts and actors,
and where one would be chosen the other is. What becomes of values need not be said: it follows from the steps.

A member may be part of a larger one: the vCPUs of a guest are alike, and so are two guests, each with its vCPUs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeVar, cast

import attrs
from pyrsistent import PMap, PSet, PVector, pmap, pset, pvector

from aprt.core.errors import ModelError

T = TypeVar("T")


@attrs.frozen
class Alike:
    """A class of members that may be permuted among each other, all tuples of the same length.

    An option that is a plain number would be exchanged wherever an equal number counts something: let options be
    strings, or values of a type of their own.
    """

    members: tuple[tuple[Hashable, ...], ...]

    def __attrs_post_init__(self) -> None:
        if len(self.members) < 2 or len({len(names) for names in self.members}) > 1:
            raise ModelError(f"alike are two or more members with as many names each, not {self.members!r}")
        seen: set[Hashable] = set()
        for name in chain(*self.members):
            if name in seen:
                raise ModelError(f"{name!r} is declared alike with others twice")
            seen.add(name)

    def exchange(self, i: int, j: int) -> Renaming:
        """The renaming that makes members `i` and `j` change places."""
        return Renaming(zip(self.members[i], self.members[j], strict=True))


def moved(classes: Sequence[Alike], kind: int, i: int) -> tuple[int, ...]:
    """By member, the member that it becomes when `i` and `i + 1` of class `kind` change places.

    Members are numbered from the first class to the last, without a break between two classes.
    Raises: `ModelError` unless the classes fit into each other: every member stays or becomes another member; one of
    another class moves only if it is a part of those two; and members of one class are of one class afterwards, too.
    """
    members = [frozenset(member) for alike in classes for member in alike.members]
    places = {member: place for place, member in enumerate(members)}
    names, pair = classes[kind].exchange(i, i + 1), classes[kind].members[i : i + 2]
    goes = tuple(places.get(frozenset(map(names, member)), -1) for member in members)
    of = _classes_of(classes)
    stray = [
        member
        for place, (member, there) in enumerate(zip(members, goes, strict=True))
        if there < 0
        or (there != place and of[place] != kind and not any(member < set(outer) for outer in pair))
        or len({of[goes[other]] for other in range(len(members)) if of[other] == of[place]}) > 1
    ]
    if stray or len(places) < len(members):
        odd = min(str(name) for name in chain(*(stray or pair)))
        raise ModelError(f"{odd!r} is declared alike with others twice, and the two do not fit into each other")
    return goes


def check_fitting(classes: Sequence[Alike]) -> None:
    """Raises: `ModelError` unless classes fit into each other (`moved`)."""
    for kind, alike in enumerate(classes):
        for i in range(len(alike.members) - 1):
            moved(classes, kind, i)


def _classes_of(classes: Sequence[Alike]) -> tuple[int, ...]:
    """The number of the class of each member."""
    return tuple(number for number, alike in enumerate(classes) for _ in alike.members)


def without(classes: Sequence[Alike], kind: int) -> tuple[Alike, ...]:
    """These classes, without the one numbered `kind` and those that it turns into when members of others change places.

    With the class of one guest's vCPUs, say, goes that of the other guest's.
    """
    of = _classes_of(classes)
    out, todo = {kind}, [kind]
    for left in todo:
        for other, alike in enumerate(classes):
            for i in range(len(alike.members) - 1):
                goes = moved(classes, other, i)
                met = {of[there] for here, there in enumerate(goes) if of[here] == left} - out
                out |= met
                todo += met
    return tuple(alike for number, alike in enumerate(classes) if number not in out)


class Renaming:
    """Exchanges names wherever a value has them: in records, tuples, sets and maps, at any depth.

    A value that names none of them is given back as it is. Order is kept.
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
