"""What neighbouring contexts can do, looked up at once. For the plain loop, where no step has to be checked.

What a context can do is decided by its control state and one actor's value. A *cluster* is some neighbouring contexts
with all the fields that ever decide for them: where these take few values in many states, one look by the masked state
tells what the cluster can do.

How a state was first reached tells most of it without a look. Let step t of context c have led to it from p.

*Steps need not be taken.* Let step u, of an earlier context, be decided by another slot than t, or by the same one and
neither of them changes it. Then u was possible in p, which took it first, and behind it t led to where u leads from
here. (Sleep sets tell so of all steps on the way, Godefroid, LNCS 1032, 1996; what the last one tells is known by its
kind.)

*Contexts need not be asked.* What a context other than c can do is what it could do in p, unless t changes the slot
that decides. So ask no earlier context for which that slot never decides, and, where t leaves the slot as it is, none
that is not known to change it from the number in there: all that it can do need not be done, and how many steps that
are is known from p. Nor is there anything to be learned of it, as it was asked with the same numbers: in p, or else in
the last state on the way to p in which it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

import attrs

from aprt.explore.checking.checks import QUIET, Note
from aprt.explore.learned.tables import Tables
from aprt.explore.stateful.layout import Layout
from aprt.explore.stateful.loop import Outgrown

_FEW = 6  # states, on average, must share the fields of a cluster
_NOWHERE: Final = -1  # no slot


@attrs.define(eq=False)
class Arrival:
    """How a state was first reached.

    kept: keeps, of the steps that were possible before, those that still are. first: whom to ask of the first cluster
    in which somebody must be asked; others: of other ones, in order.
    """

    kept: int = attrs.field(init=False)
    first: Look = attrs.field(init=False)
    others: tuple[Look, ...] = attrs.field(init=False)


Steps: TypeAlias = tuple[tuple[int, Arrival], ...]
"""What to add to a state, and how that reaches the next one."""


class Apart(Exception):
    """Contexts have to be asked one by one: there is something to check, or something new decides."""


class Cramped(Apart):
    """Or one of them can take more steps than ever before: they can be asked together again, with more bits for it."""


class Kind(NamedTuple):
    """Of the steps of the context in that place, decided by that slot; whether one changes the number in there."""

    place: int
    slot: int
    changes: bool

    def spares(self, other: Kind) -> bool:
        """Whether, behind a step of this kind, those of the other need not be taken."""
        return other.place < self.place and (other.slot != self.slot or not (other.changes or self.changes))

    def before(self, places: Sequence[int], slots: frozenset[int]) -> Kind:
        """One that spares the same steps of the contexts in these places, for which these slots decide."""
        if self.place <= places[0]:
            return ANY
        place = min(self.place, places[-1] + 1)
        return Kind(place, self.slot, self.changes) if self.slot in slots else Kind(place, _NOWHERE, changes=False)


ANY: Final = Kind(0, _NOWHERE, changes=True)  # spares nothing: no context is earlier


Known: TypeAlias = tuple[int, Steps]
"""The steps of some contexts that are possible, and those of them that are to be taken.

Of what is possible it matters how much: there are some bits for each context, of which as many are set as it has steps.
"""

_Offer: TypeAlias = tuple[Kind, int, Steps]
"""The steps of one context, all of one kind: that, which are possible, as in `Known`, and the steps themselves."""

Look: TypeAlias = "tuple[int, dict[int, Known], Callable[[int], Known]]"
"""The mask of some contexts, what is known of them by the masked state, and how to learn what is not, by that, too."""


class Clusters:
    """The clusters that all contexts fall into, for states packed as `layout` says. `group` makes them."""

    def __init__(self, tables: Tables[Note], layout: Layout) -> None:
        self._tables, self._layout = tables, layout
        self._slots = [frozenset({place, *(slot for slot, _ in rows)}) for place, rows in enumerate(tables.rows)]
        self._most = [
            max((len(moves) for _, row in rows for moves in row.values()), default=0) or 1 for rows in tables.rows
        ]
        self._bits = list(accumulate(self._most, initial=0))  # where those of each context begin
        self._clusters: list[range] = []
        self._looks: dict[tuple[tuple[int, ...], Kind], Look] = {}
        self._rows = [defaultdict[int, dict[int, _Offer]](dict) for _ in tables.rows]  # by control state and number
        self._met = defaultdict[tuple[int, int], set[Kind]](set)  # by slot, and the number there before the step
        self._arrivals: dict[Kind, Arrival] = {}
        self._concerned: dict[Kind, set[int]] = {}  # earlier contexts that must be asked

    def close(self) -> None:
        """Forget all that was learned, which refers to itself."""
        for _, known, _ in self._looks.values():
            known.clear()
        self._looks.clear()
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
        for by in self._arrivals:  # states were reached as they were
            self._ask(by)
        return True

    @property
    def somehow(self) -> Arrival:
        """Of states of which nothing else is known."""
        return self._arrival(ANY)

    def _possible(self, place: int, count: int) -> int:
        """So many steps of that context."""
        return (1 << count) - 1 << self._bits[place]

    def _pays(self, places: range, sample: Sequence[int]) -> bool:
        mask = self._layout.mask(self._deciding(places))
        return len(set(map(mask.__and__, sample))) * _FEW <= len(sample)

    def _deciding(self, places: Iterable[int]) -> frozenset[int]:
        return frozenset[int]().union(*[self._slots[place] for place in places])

    def _arrival(self, by: Kind) -> Arrival:
        """By a step of that kind."""
        if by not in self._arrivals:
            sharing = {place for place in range(by.place) if by.slot in self._slots[place]}
            self._concerned[by] = sharing if by.changes else set()
            self._arrivals[by] = Arrival()
            self._ask(by)
        return self._arrivals[by]

    def _ask(self, by: Kind) -> None:
        """Behind a step of that kind ask those who must be asked, as far as is known."""
        arrival, looks = self._arrivals[by], list[Look]()
        arrival.kept = 0
        for cluster in self._clusters:
            asked = tuple([place for place in cluster if place >= by.place or place in self._concerned[by]])
            arrival.kept |= sum(self._possible(place, self._most[place]) for place in cluster if place not in asked)
            if asked:
                looks.append(self._look(asked, by))
        arrival.first, *others = looks
        arrival.others = tuple(others)

    def _look(self, places: tuple[int, ...], by: Kind) -> Look:
        """At the contexts in these places, behind a step of that kind."""
        slots = self._deciding(places)
        by = by.before(places, slots)
        if (places, by) not in self._looks:
            known = dict[int, Known]()
            self._looks[places, by] = self._layout.mask(slots), known, partial(self._learn_all, places, by, known)
        return self._looks[places, by]

    def _learn_all(self, places: tuple[int, ...], by: Kind, known: dict[int, Known], state: int) -> Known:
        """What these contexts can do behind a step of that kind, in a masked state; kept in `known`."""
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
            raise Apart
        moves = row[number]
        if not self._layout.fits():
            raise Outgrown
        if any(note != QUIET for _, _, note in moves):
            raise Apart
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
        """A step of that kind can be taken where that number is in its slot."""
        met = self._met[kind.slot, number]
        if kind in met:
            return
        met.add(kind)
        changing = {other.place for other in met if other.changes}
        for by in met:
            earlier = {place for place in changing if place < by.place}
            if not by.changes and not earlier <= self._concerned[by]:
                self._concerned[by] |= earlier
                self._ask(by)
