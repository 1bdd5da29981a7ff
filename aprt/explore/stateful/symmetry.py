"""Exact symmetry: one state for every orbit, that is for all states that differ only in which like member is which.

Members change places by `explore.stateful.exchange`. The representative of a state is the least of the states that
permutations make of it: of all permutations, if they are few.

If they are many, members are put in the order of their *views* first. The view of a member sums up what the state looks
like from it: each orbit of (slot, number, member) has a hash, and the view is the sum of the hashes for all local
states that have to do with the member. Members with equal views may be interchangeable in this very state; then their
order does not matter. Or else each of them is tried as the first, which tells more of the others apart (individualise
and refine), and the least state that comes of it is kept. Views only save work; the orbits do not depend on them.

Members that contain members of another class are put in order first, as they take those along.

Sources: C. N. Ip, D. L. Dill, Better verification through symmetry, FMSD 9, 1996; for the search, B. D. McKay,
A. Piperno, Practical graph isomorphism II, JSC 60, 2014, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from itertools import accumulate, chain, islice, pairwise, permutations, product
from math import factorial, prod
from struct import unpack
from typing import Any, Generic, TypeAlias, TypeVar

from aprt.core.errors import UserError
from aprt.core.system import System
from aprt.explore.checking.checks import Checks, Due
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Tables
from aprt.explore.stateful.exchange import Exchange

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Colours: TypeAlias = tuple[int, ...]
"""One for each member of all classes, numbered through. Only those of members of one class are compared."""

Images: TypeAlias = "list[Memo[int, int]]"
"""What one permutation makes of each local state: by slot and number, the field of the state that it becomes."""

_FEW = 8  # so many permutations are all tried: to find out which of them are worth it takes as long
_LANE, _WEIGHT_BYTES = 64, 6  # bits of a view; bytes of what is summed up in it


class Memo(dict[K, V], Generic[K, V]):
    """The values of a function that were asked for."""

    def __init__(self, function: Callable[[K], V]) -> None:
        self._function = function

    def __missing__(self, key: K) -> V:
        value = self[key] = self._function(key)
        return value


class Symmetry:
    """The symmetry that `system` declares, for one search. Raises: `UserError` when it declares none, and `Asymmetric`.

    exchanges: those of neighbours in a class, which make up all permutations; by the number of the first one, members
    of all classes being numbered through.
    """

    def __init__(self, system: System, tables: Tables[Due], checks: Checks) -> None:
        if not system.symmetry:
            raise UserError("no symmetry: nothing in this system is declared to be alike; leave out --symmetry")
        self._tables, self._checks, self._packing = tables, checks, checks.packing
        ends = [0, *accumulate(len(alike.members) for alike in system.symmetry)]
        self._classes = [range(first, last) for first, last in pairwise(ends)]
        # a member that has others in it has more names
        self._outer = sorted(range(len(ends) - 1), key=lambda kind: -len(system.symmetry[kind].members[0]))
        self.exchanges: dict[int, Exchange] = {
            first: Exchange(system, tables, checks, kind, first - members[0])
            for kind, members in enumerate(self._classes)
            for first in members[:-1]
        }
        self._alone = [
            all(self.exchanges[members.start].members[i] == i for i in range(ends[-1]) if i not in members)
            for members in self._classes
        ]
        self._compared = self._agreed = 0  # so much was compared of what was learned, of what checks said
        self._slots = range(len(self._packing.numbers(INITIAL)))
        self._views = [Memo(partial(self._view, slot)) for slot in self._slots]
        self._pairs = [Memo(partial(self._pair, slot)) for slot in self._slots]
        self._members = range(ends[-1])
        self._weights: dict[tuple[int, ...], int] = {}
        self._ordered = Memo(self._ordering)
        self._swapped = Memo(self._swapping)
        self._few = self._all() if prod(factorial(len(members)) for members in self._classes) <= _FEW else None

    def settle(self) -> None:
        """Compare all that was learned and checked since the last time. Raises: `UserError`."""
        learned, evaluated = self._tables.learned, self._checks.evaluated
        while self._compared < len(learned) or self._agreed < len(evaluated):
            self._compared = len(learned)
            for exchange in self.exchanges.values():
                exchange.compare_moves()
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
        if self._few is not None:
            return min([state, *[_summed(images, numbers) for images in self._few]])
        colours = _lanes(_summed(self._views, numbers), len(self._members))
        return min([_summed(self._ordered[order], numbers) for order in self._orders(state, numbers, colours)])

    def _all(self) -> list[Images]:
        """What all permutations but the first, which changes nothing, make of local states."""
        orders = product(*(permutations(range(len(members))) for members in self._classes))
        return [self._ordered[tuple(chain(*order))] for order in islice(orders, 1, None)]

    def _orders(self, state: int, numbers: Sequence[int], colours: Colours) -> Iterator[Colours]:
        """The orders in which the members may be put, by their colours and where these are equal."""
        tied, alone = self._first_tied(colours)
        if not tied:
            yield self._places(colours)
            return
        tried: list[int] = []
        for member in tied:
            if all(_summed(self._swapped[other, member], numbers) != state for other in tried):
                tried.append(member)
        if len(tried) == 1 and alone:  # it does not matter who comes first
            yield from self._orders(state, numbers, _ranks([(c, i * (i in tied)) for i, c in enumerate(colours)]))
            return
        edges = self._edges(numbers)
        for member in tried:
            apart = _ranks([(colour, i != member) for i, colour in enumerate(colours)])
            yield from self._orders(state, numbers, _refined(apart, edges))

    def _first_tied(self, colours: Colours) -> tuple[list[int], bool]:
        """The members of the first colour that several of a class have, and whether they take no others along.

        Those that do may be interchangeable only when others among them change places, too.
        """
        for kind in self._outer:
            members = self._classes[kind]
            mine = colours[members.start : members.stop]
            if len(set(mine)) < len(mine):
                tied = min(colour for colour in mine if mine.count(colour) > 1)
                return [member for member in members if colours[member] == tied], self._alone[kind]
        return [], True

    def _places(self, colours: Colours) -> Colours:
        """The place of each member within its class, all told apart."""
        places = [0] * len(colours)
        for members in self._classes:
            for place, member in enumerate(sorted(members, key=colours.__getitem__)):
                places[member] = place
        return tuple(places)

    def _view(self, slot: int, number: int) -> int:
        """What the local state looks like from each member, in lanes."""
        return 0 if self._is_fixed(slot, number) else self._looks(slot, number, ((i,) for i in self._members))

    def _pair(self, slot: int, number: int) -> int:
        """What the local state looks like from each member with regard to each other one, in lanes."""
        return 0 if self._is_fixed(slot, number) else self._looks(slot, number, product(self._members, repeat=2))

    def _is_fixed(self, slot: int, number: int) -> bool:
        """Whether the local state is nobody's, and names nobody."""
        return all(e.slots[slot] == slot and e.number(slot, number) == number for e in self.exchanges.values())

    def _looks(self, slot: int, number: int, members: Iterable[tuple[int, ...]]) -> int:
        weights = (self._weight((slot, number, *some)) for some in members)
        return sum(weight << (_LANE * lane) for lane, weight in enumerate(weights))

    def _edges(self, numbers: Sequence[int]) -> list[Colours]:
        """What the state looks like from each member with regard to each other one."""
        count = len(self._members)
        seen = _lanes(_summed(self._pairs, numbers), count * count)
        return [seen[row * count : (row + 1) * count] for row in self._members]

    def _weight(self, node: tuple[int, ...]) -> int:
        """What the orbit of (slot, number, members...) counts in a view, whichever of its nodes comes up first."""
        if node not in self._weights:
            orbit, todo = {node}, [node]
            for slot, number, *members in todo:
                for exchange in self.exchanges.values():
                    moved = [exchange.members[member] for member in members]
                    image = exchange.slots[slot], exchange.number(slot, number), *moved
                    if image not in orbit:
                        orbit.add(image)
                        todo.append(image)
            self._weights.update(dict.fromkeys(orbit, _weight(min(orbit))))
        return self._weights[node]

    def _ordering(self, places: Colours) -> Images:
        """What becomes of local states when every member goes to its place."""
        exchanges, left = [], list(places)
        for kind in self._outer:
            while descents := [i for i in self._classes[kind][:-1] if left[i] > left[i + 1]]:
                exchanges.append(self.exchanges[descents[0]])
                before = left[:]
                for member, goes in enumerate(exchanges[-1].members):
                    left[goes] = before[member]
        return self._images(exchanges)

    def _swapping(self, pair: tuple[int, int]) -> Images:
        """What becomes of local states when two members of a class change places."""
        one, other = pair
        there = [self.exchanges[i] for i in range(one, other)]
        return self._images([*there, *there[-2::-1]])

    def _images(self, exchanges: Sequence[Exchange]) -> Images:
        return [Memo(partial(self._moved, exchanges, slot)) for slot in self._slots]

    def _moved(self, exchanges: Sequence[Exchange], slot: int, number: int) -> int:
        for exchange in exchanges:
            slot, number = exchange.slots[slot], exchange.number(slot, number)
        return self._packing.delta(slot, 0, number)


def _summed(of: Sequence[Memo[int, int]], numbers: Sequence[int]) -> int:
    """What the local states of a state add up to. of: by slot and number."""
    return sum([memo[number] for number, memo in zip(numbers, of, strict=True)])


def _lanes(total: int, count: int) -> Colours:
    return unpack(f"<{count}Q", total.to_bytes(count * _LANE // 8, "little"))


def _weight(least: tuple[int, ...]) -> int:
    """What the orbit of which that is the least node counts in a view: any number, but such that few sums are equal."""
    return int.from_bytes(blake2b(repr(least).encode(), digest_size=_WEIGHT_BYTES).digest())


def _ranks(keys: Sequence[Any]) -> Colours:
    """The place of each key among the different ones."""
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return tuple(places[key] for key in keys)


def _refined(colours: Colours, edges: Sequence[Colours]) -> Colours:
    """Colours told apart further, until members of one colour look the same from everybody else's."""
    while True:
        seen = [tuple(sorted((c, edge) for c, edge in zip(colours, row, strict=True))) for row in edges]
        finer = _ranks(list(zip(colours, seen, strict=True)))
        if finer == colours:
            return colours
        colours = finer
