"""Exact symmetry: one state for every orbit, that is for all states that differ only in which like member is which.

Members change places by `explore.exchange`. The representative of a state is the least of the states that permutations
make of it. To find it, members are put in the order of what they look like: the view of a member is, for every local
state, the orbit of (slot, number, member). Members with equal views are either interchangeable in this very state, and
their order does not matter; or each is tried as the first, what the others look like beside it tells more of them apart
(individualise and refine), and the least state is kept. Views only save work; the result does not depend on them.

Sources: C. N. Ip, D. L. Dill, Better verification through symmetry, FMSD 9, 1996; for the search, B. D. McKay,
A. Piperno, Practical graph isomorphism II, JSC 60, 2014, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from aprt.core.errors import UserError
from aprt.core.system import System
from aprt.explore.checks import Checks, Note
from aprt.explore.exchange import Exchange
from aprt.explore.packing import INITIAL
from aprt.explore.tables import Tables

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Colours: TypeAlias = tuple[int, ...]
"""Of the members of all classes, numbered through: ranks. Those of one class have neighbouring ranks, and so where all
are told apart, the ranks are a permutation of the members."""


class Memo(dict[K, V], Generic[K, V]):
    """The values of a function that were asked for."""

    def __init__(self, function: Callable[[K], V]) -> None:
        self._function = function

    def __missing__(self, key: K) -> V:
        value = self[key] = self._function(key)
        return value


class Symmetry:
    """The symmetry that `system` declares, for one search. Raises: `UserError` when it declares none, or wrongly.

    exchanges: those of neighbours in a class, which make up all permutations; by the number of the first one, members
    of all classes being numbered through.
    """

    def __init__(self, system: System, tables: Tables[Note], checks: Checks) -> None:
        if not system.symmetry:
            raise UserError("no symmetry: nothing in this system is declared to be alike")
        self._tables, self._checks, self._packing = tables, checks, checks.packing
        members = [(kind, i) for kind, alike in enumerate(system.symmetry) for i in range(len(alike.members))]
        self._kinds = [kind for kind, _ in members]
        self.exchanges: dict[int, Exchange] = {}
        for number, (kind, i) in enumerate(members):
            if i:
                names, alike = system.symmetry[kind].members, system.symmetry[kind]
                exchange = Exchange(system, tables, checks, alike.exchange(i - 1, i), names[i - 1][0], names[i][0])
                self.exchanges[number - 1] = exchange
        self._compared = self._agreed = 0
        self._orbits: dict[tuple[int, ...], int] = {}
        self._slots = range(len(self._packing.numbers(INITIAL)))
        self._views = [Memo(partial(self._view, slot)) for slot in self._slots]
        self._images = Memo(self._moving)

    def settle(self) -> None:
        """Compare all that was learned and checked since the last time. Raises: `UserError`."""
        learned, evaluated = self._tables.learned, self._checks.evaluated
        while self._compared < len(learned) or self._agreed < len(evaluated):
            for entry in learned[self._compared :]:
                self._compared += 1
                for exchange in self.exchanges.values():
                    exchange.compare_moves(*entry)
            # verdicts wait for moves: their states are made of what those lead to
            while self._compared == len(learned) and self._agreed < len(evaluated):
                check, state = evaluated[self._agreed]
                self._agreed += 1
                for exchange in self.exchanges.values():
                    exchange.compare_verdicts(check, state)

    def representative(self, state: int) -> int:
        """The one state that stands for all that permutations make of `state`."""
        self.settle()
        numbers = self._packing.numbers(state)
        views = [view for number, memo in zip(numbers, self._views, strict=True) if (view := memo[number])]
        colours = _ranks([(kind, *sorted(seen)) for kind, *seen in zip(self._kinds, *views, strict=True)])
        return min(self._image(order, numbers) for order in self._orders(state, numbers, colours))

    def _orders(self, state: int, numbers: Sequence[int], colours: Colours) -> Iterator[Colours]:
        """The orders in which the members may be put, by their colours and where these are equal."""
        tied = _first_tied(colours)
        if not tied:
            yield colours
            return
        tried: list[int] = []
        for member in tied:
            if all(self._image(_swap(len(colours), member, other), numbers) != state for other in tried):
                tried.append(member)
        if len(tried) == 1:  # it does not matter who comes first
            yield from self._orders(state, numbers, _ranks([(c, i * (i in tied)) for i, c in enumerate(colours)]))
            return
        edges = self._edges(numbers)
        for member in tried:
            apart = _ranks([(colour, i != member) for i, colour in enumerate(colours)])
            yield from self._orders(state, numbers, _refined(apart, edges))

    def _view(self, slot: int, number: int) -> tuple[int, ...]:
        """What the local state looks like from each member; empty when it is nobody's and names nobody."""
        if all(e.slots[slot] == slot and e.number(slot, number) == number for e in self.exchanges.values()):
            return ()
        return tuple(self._orbit((slot, number, member)) for member in range(len(self._kinds)))

    def _edges(self, numbers: Sequence[int]) -> list[list[Any]]:
        """What the state looks like from each member with regard to each other one."""
        seen = [(slot, n) for slot, n in enumerate(numbers) if self._views[slot][n]]
        members = range(len(self._kinds))
        return [[tuple(sorted(self._orbit((*local, i, j)) for local in seen)) for j in members] for i in members]

    def _orbit(self, node: tuple[int, ...]) -> int:
        """The number of the orbit of (slot, number, members...)."""
        if node not in self._orbits:
            orbit, todo = len(self._orbits), [node]
            self._orbits[node] = orbit
            for slot, number, *members in todo:
                for first, exchange in self.exchanges.items():
                    moved = {first: first + 1, first + 1: first}
                    image = exchange.slots[slot], exchange.number(slot, number), *(moved.get(m, m) for m in members)
                    if image not in self._orbits:
                        self._orbits[image] = orbit
                        todo.append(image)
        return self._orbits[node]

    def _image(self, order: Colours, numbers: Sequence[int]) -> int:
        """The state after every member has gone to its place in `order`."""
        return sum(memo[number] for number, memo in zip(numbers, self._images[order], strict=True))

    def _moving(self, order: Colours) -> list[Memo[int, int]]:
        exchanges, left = [], list(order)
        while descents := [i for i in range(len(left) - 1) if left[i] > left[i + 1]]:
            i = descents[0]
            left[i], left[i + 1] = left[i + 1], left[i]
            exchanges.append(self.exchanges[i])
        return [Memo(partial(self._moved, exchanges, slot)) for slot in self._slots]

    def _moved(self, exchanges: Sequence[Exchange], slot: int, number: int) -> int:
        for exchange in exchanges:
            slot, number = exchange.slots[slot], exchange.number(slot, number)
        return self._packing.delta(slot, 0, number)


def _ranks(keys: Sequence[Any]) -> Colours:
    """The place of each key among the different ones."""
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return tuple(places[key] for key in keys)


def _first_tied(colours: Colours) -> list[int]:
    """The members of the first colour that several have."""
    tied = min((colour for colour in colours if colours.count(colour) > 1), default=None)
    return [member for member, colour in enumerate(colours) if colour == tied]


def _swap(count: int, one: int, other: int) -> Colours:
    order = list(range(count))
    order[one], order[other] = other, one
    return tuple(order)


def _refined(colours: Colours, edges: Sequence[Sequence[Any]]) -> Colours:
    """Colours told apart further, until members of one colour look the same from everybody else's."""
    while True:
        seen = [tuple(sorted((c, edge) for c, edge in zip(colours, row, strict=True))) for row in edges]
        finer = _ranks(list(zip(colours, seen, strict=True)))
        if finer == colours:
            return colours
        colours = finer
