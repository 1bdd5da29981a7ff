"""What neighbouring contexts can do, looked up at once. For the plain loop, where no step has to be checked.

What a context can do is decided by its control state and one actor's value. A *cluster* is a row of neighbouring
contexts, with all the fields that ever decide for them. Where these fields take few values in many states, one lookup
by the masked state tells what all contexts of the cluster can do.

How a state was first reached saves more. Let that be from state p, by step t of context c.

*Steps that need not be taken.* Let a context earlier than c have a step u here, and let u and t be independent: they
are decided by different slots, or by the same one and neither changes it. Then u was possible in p, too, and was taken
there before t, since contexts are expanded in order; and behind u, t led to the state to which u leads from here. So
that state has been found already. (Sleep sets tell so of all steps on the way, Godefroid, LNCS 1032, 1996. What the
last step tells is known without a set for each state, by the kind of the step.)

*Contexts that need not be asked.* A context other than c can do here what it could do in p, unless t changes the slot
that decides for it. So an earlier context is not asked if t's slot never decides for it, nor, where t leaves its slot
unchanged, if it is not known to have a step that changes that slot from the number in there. As above, none of its
steps need be taken, and how many they are is known from p. Nor would the tables learn anything: it was asked with the
same numbers in p, or in the last state on the way to p in which it was asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

import attrs

from aprt.explore.checking.checks import QUIET, Due
from aprt.explore.learned.tables import Tables
from aprt.explore.stateful.layout import Layout
from aprt.explore.stateful.loop import Outgrown

_FEW = 6  # states, on average, must share the fields of a cluster
_NOWHERE: Final = -1  # no slot


@attrs.define(eq=False)
class Arrival:
    """How a state was first reached, and so whom to ask in it.

    first: the lookup of the first cluster in which somebody must be asked; others: those of further ones, in order.
    kept: mask of the steps of all others, which are possible here if they were possible in the state before.
    """

    kept: int = attrs.field(init=False)
    first: Lookup = attrs.field(init=False)
    others: tuple[Lookup, ...] = attrs.field(init=False)


Steps: TypeAlias = tuple[tuple[int, Arrival], ...]
"""What to add to a state, and how the state that this gives is reached then."""


class OneByOne(Exception):
    """Contexts have to be asked one by one: a step has to be checked, or a field decides that never did."""


class Cramped(OneByOne):
    """A context has more steps to choose from than it ever had: once it has more bits, clusters can be used again."""


class Kind(NamedTuple):
    """The steps that a context, at `place`, has where a slot decides. changes: whether one changes the number in it."""

    place: int
    slot: int
    changes: bool

    def spares(self, other: Kind) -> bool:
        """Whether steps of the other kind need not be taken in a state that was reached by one of this kind."""
        return other.place < self.place and (other.slot != self.slot or not (other.changes or self.changes))

    def narrowed(self, places: Sequence[int], slots: frozenset[int]) -> Kind:
        """The same for all kinds that spare the same steps of contexts in these places, for which these slots decide.

        So they share one lookup.
        """
        if self.place <= places[0]:
            return SPARES_NOTHING
        place = min(self.place, places[-1] + 1)
        return Kind(place, self.slot, self.changes) if self.slot in slots else Kind(place, _NOWHERE, changes=False)


SPARES_NOTHING: Final = Kind(0, _NOWHERE, changes=True)  # no context is earlier


Known: TypeAlias = tuple[int, Steps]
"""The steps of some contexts that are possible, as bits, and those of them that are to be taken.

Only the number of possible steps matters. So each context has some bits, of which as many are set as it has steps.
"""

_Offer: TypeAlias = tuple[Kind, int, Steps]
"""The steps of one context: their kind, how many are possible, as in `Known`, and the steps themselves."""

Lookup: TypeAlias = "tuple[int, dict[int, Known], Callable[[int], Known]]"
"""For some contexts: the mask of a state, what is known by the masked state, and how to learn what is not."""


class Clusters:
    """The clusters that all contexts fall into, for states packed as `layout` says. `group` makes them."""

    def __init__(self, tables: Tables[Due], layout: Layout) -> None:
        self._tables, self._layout = tables, layout
        self._slots = [frozenset({place, *(slot for slot, _ in rows)}) for place, rows in enumerate(tables.rows)]
        self._most = [
            max((len(moves) for _, row in rows for moves in row.values()), default=0) or 1 for rows in tables.rows
        ]
        self._bits = list(accumulate(self._most, initial=0))  # where those of each context begin
        self._clusters: list[range] = []
        self._lookups: dict[tuple[tuple[int, ...], Kind], Lookup] = {}
        self._rows = [defaultdict[int, dict[int, _Offer]](dict) for _ in tables.rows]  # by control state and number
        self._met = defaultdict[tuple[int, int], set[Kind]](set)  # by slot, and the number there before the step
        self._arrivals: dict[Kind, Arrival] = {}
        self._concerned: dict[Kind, set[int]] = {}  # earlier contexts that must be asked

    def close(self) -> None:
        """Forget all that was learned, which refers to itself."""
        for _, known, _ in self._lookups.values():
            known.clear()
        self._lookups.clear()
        self._arrivals.clear()
        self._rows.clear()

    def group(self, sample: Sequence[int]) -> bool:
        """Make clusters as large as some states say it pays; whether they say that it does."""
        found = list[range]()
        for place in range(len(self._slots)):
            if found and self._pays(range(found[-1].start, place + 1), sample):
                found[-1] = range(found[-1].start, place + 1)
            elif self._pays(range(place, place + 1), sample):
                found.append(range(place, place + 1))
            else:
                return False
        self._clusters = found
        for by in self._arrivals:  # which states refer to
            self._choose_lookups(by)
        return True

    @property
    def unknown_arrival(self) -> Arrival:
        """Of states of which it is not known how they were reached: everybody must be asked."""
        return self._arrival(SPARES_NOTHING)

    def _possible(self, place: int, count: int) -> int:
        """The bits of so many steps of that context."""
        return (1 << count) - 1 << self._bits[place]

    def _pays(self, places: range, sample: Sequence[int]) -> bool:
        mask = self._layout.mask(self._deciding(places))
        return len(set(map(mask.__and__, sample))) * _FEW <= len(sample)

    def _deciding(self, places: Iterable[int]) -> frozenset[int]:
        return frozenset[int]().union(*[self._slots[place] for place in places])

    def _arrival(self, by: Kind) -> Arrival:
        """That of states that a step of that kind has reached."""
        if by not in self._arrivals:
            sharing = {place for place in range(by.place) if by.slot in self._slots[place]}
            self._concerned[by] = sharing if by.changes else set()
            self._arrivals[by] = Arrival()
            self._choose_lookups(by)
        return self._arrivals[by]

    def _choose_lookups(self, by: Kind) -> None:
        """Work out, or work out again, who must be asked in states that a step of that kind has reached."""
        arrival, lookups = self._arrivals[by], list[Lookup]()
        arrival.kept = 0
        for cluster in self._clusters:
            asked = tuple([place for place in cluster if place >= by.place or place in self._concerned[by]])
            arrival.kept |= sum(self._possible(place, self._most[place]) for place in cluster if place not in asked)
            if asked:
                lookups.append(self._lookup(asked, by))
        arrival.first, *others = lookups
        arrival.others = tuple(others)

    def _lookup(self, places: tuple[int, ...], by: Kind) -> Lookup:
        """For the contexts in these places, in states that a step of that kind has reached."""
        slots = self._deciding(places)
        by = by.narrowed(places, slots)
        if (places, by) not in self._lookups:
            known = dict[int, Known]()
            self._lookups[places, by] = self._layout.mask(slots), known, partial(self._learn_all, places, by, known)
        return self._lookups[places, by]

    def _learn_all(self, places: tuple[int, ...], by: Kind, known: dict[int, Known], state: int) -> Known:
        """What these contexts can do in a masked state that a step of that kind has reached; kept in `known`."""
        possible, taken = 0, Steps()
        shifts, ones = self._layout.shifts, self._layout.ones
        for place in places:
            control = state >> shifts[place] & ones[place]
            slot = self._tables.rows[place][control][0]
            number = state >> shifts[slot] & ones[slot]
            row = self._rows[place][control]
            kind, more, steps = row[number] if number in row else self._learn(place, control, number)
            possible += more
            if steps and not by.spares(kind):
                taken += steps
        known[state] = possible, taken
        return known[state]

    def _learn(self, place: int, control: int, number: int) -> _Offer:
        slot, row = self._tables.rows[place][control]
        if slot not in self._slots[place]:
            raise OneByOne
        moves = row[number]
        if not self._layout.fits():
            raise Outgrown
        if any(note != QUIET for _, _, note in moves):
            raise OneByOne
        if len(moves) > self._most[place]:
            raise Cramped
        changes = [self._tables.changes[step] for _, step, _ in moves]
        kind = Kind(place, slot, any(changed == slot for each in changes for changed, _ in each))
        steps = tuple([(self._layout.delta(each), self._arrival(kind)) for each in changes])
        if steps:
            self._meet(kind, number)
        self._rows[place][control][number] = kind, self._possible(place, len(steps)), steps
        return self._rows[place][control][number]

    def _meet(self, kind: Kind, number: int) -> None:
        """A step of that kind was found to be possible where that number is in its slot."""
        met = self._met[kind.slot, number]
        if kind in met:
            return
        met.add(kind)
        changing = {other.place for other in met if other.changes}
        for by in met:
            earlier = {place for place in changing if place < by.place}
            if not by.changes and not earlier <= self._concerned[by]:
                self._concerned[by] |= earlier
                self._choose_lookups(by)
