"""What contexts may still do: the futures of a state, from local steps, with room for those not seen yet.

A local step needs two facts (its context is at a control state, its actor has a value) and makes two others true. Here
no fact ever becomes false again: a step that once had both its facts can be taken, whether or not they were true at the
same time. So the answer has all that can really happen by the steps seen so far, and maybe more. (Planning calls this
the delete relaxation.)

A step that nobody has seen yet counts for what its handler declares: it uses its actor in that way. What comes after it
is unknown. So an answer is right up to the first such step, and a search that meets one has to ask again. It does meet
it, unless a context that stands still meanwhile would have given the actor another value: then that is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from operator import or_
from typing import NamedTuple, TypeAlias

import attrs

from aprt.core.effects import Call
from aprt.core.system import System
from aprt.explore.checking.checks import Due
from aprt.explore.commuting.independence import StepInfo
from aprt.explore.commuting.local_steps import LocalStep, LocalSteps
from aprt.explore.commuting.visibility import Visibility
from aprt.explore.learned.tables import Tables

Bits: TypeAlias = int  # a set of small numbers: places of contexts, or kinds of steps

Rule: TypeAlias = tuple[int, int, int, Bits, Bits]
"""A local step, under one of the facts that it needs: the other one; the facts that it makes true, a control state and
a value; its kind; its context."""

_NOTHING = 0  # the fact that is always true: a choice needs no other
_MANY = 16  # rules of a control state, from which on those for the values at hand are picked out


def union(sets: Iterable[Bits]) -> Bits:
    """All that is in one of the sets."""
    return reduce(or_, sets, 0)


@attrs.define(eq=False)
class Site:
    """A control state of the context at `place`. fact: that the context is here. slot: what decides.

    seen: by the number in the slot, whether a step is possible then. rules: by the fact that the actor has that value.
    declared: the kind of a step that was not seen. footprint: the kinds of all that the context may do from here on.
    before: whence a step leads here.
    """

    place: int
    slot: int
    declared: Bits
    fact: int
    seen: dict[int, bool] = attrs.field(factory=dict)
    rules: dict[int, list[Rule]] = attrs.field(factory=dict)
    footprint: Bits = 0
    before: list[Site] = attrs.field(factory=list)


class Against(NamedTuple):
    """What depends on some steps. kinds: of steps. slots: of the actors of these steps, where handlers are said to
    commute: what others do with them is learned with the value before, or with the one after, but not with both."""

    kinds: Bits = 0
    slots: Bits = 0

    def __or__(self, other: Against) -> Against:
        return Against(self.kinds | other.kinds, self.slots | other.slots)


@attrs.frozen(eq=False)
class Standing:
    """Where everybody is in one state. values: by slot, what is true of it. blocked: contexts that cannot move."""

    numbers: Sequence[int]
    sites: Sequence[Site]
    values: Sequence[int]
    blocked: Bits


class Futures:
    """The futures of the states of one system. sites: by context and control state.

    size: how many sets of local steps they are made of; what was learned since the last `refresh` is not among them.
    """

    def __init__(self, system: System, tables: Tables[Due], local: LocalSteps, visibility: Visibility) -> None:
        self._system, self._tables, self._local, self._visibility = system, tables, local, visibility
        self._slots = range(len(system.contexts), local.fields)
        self.sites: list[list[Site]] = [[] for _ in system.contexts]
        self._footprints: list[set[Bits]] = [set() for _ in system.contexts]  # of the sites of each
        self._rules: list[list[Rule]] = []  # by fact
        self._at: list[Site | None] = []  # by fact
        self._slot: list[int] = []  # by fact that an actor has a value: its slot
        self._fact(None, 0)  # _NOTHING
        self._many = False  # whether a control state has so many rules
        self._declaring: dict[Against, list[tuple[Site, list[int]]]] = {}  # steps that nobody has seen
        self._harmless: dict[tuple[Bits, Against], AbstractSet[int]] = {}  # facts that lead to no conflict
        self._values: list[dict[int, int]] = [{} for _ in range(local.fields)]  # by slot: facts by number
        for slot in self._slots:
            self._value(slot, 0)
        self.size = 0

    def refresh(self) -> None:
        """Take in what was learned since the last time."""
        learned = self._tables.learned[self.size :]
        if not learned:
            return
        self.size += len(learned)
        self._declaring.clear()
        self._harmless.clear()
        for place, rows in enumerate(self._local.rows):
            for control in range(len(self.sites[place]), len(rows)):
                declared = self._declared(place, control)
                site = Site(place, rows[control][0], declared, len(self._at), footprint=declared)
                self.sites[place].append(site)
                self._fact(site, site.slot)
        for place, control, number in learned:
            self._add(self.sites[place][control], number, self._local.rows[place][control][1][number])
        for place in {place for place, _, _ in learned}:
            self._footprints[place] = {site.footprint for site in self.sites[place]}

    def standing(self, numbers: Sequence[int], blocked: Bits) -> Standing:
        """Where everybody is in the state with these fields, to which steps led that were taken in."""
        here = [sites[number] for number, sites in zip(numbers, self.sites, strict=False)]
        values = [_NOTHING] * len(here) + [self._values[slot][numbers[slot]] for slot in self._slots]
        return Standing(numbers, here, values, blocked)

    def users(self, kinds: Bits, but: int) -> tuple[int, list[int]]:
        """How many contexts, one left out, may take steps of these kinds wherever they are, and which others may
        somewhere."""
        every, some = 0, list[int]()
        for place, footprints in enumerate(self._footprints):
            if place != but:
                used = [bool(footprint & kinds) for footprint in footprints]
                if all(used):
                    every += 1
                elif any(used):
                    some.append(place)
        return every, some

    def conflicts(self, here: Standing, still: Bits, against: Against) -> Bits:
        """Contexts, at least one if there are any, that may do something `against` those in `still`, or unblock one of
        them, while these do nothing."""
        kinds = against.kinds
        rules, alarms = self._rules, self._alarms(here, still & here.blocked)
        news = [site.fact for site in here.sites if not still >> site.place & 1]
        have = {*here.values, *news}
        if not alarms and have <= self._harmless.get((still, against), frozenset()):
            return 0
        live = [[value] for value in here.values] if self._many else None  # by slot, what is true of it
        for fact in news:
            known: Sequence[Rule] = rules[fact]
            if live is not None and len(known) > _MANY:
                known = self._picked(fact, live)
            for other, control, value, kind, context in known:
                if other in have:
                    if kind & kinds or value in alarms:
                        return context
                    if control not in have:
                        have.add(control)
                        news.append(control)
                    if value not in have:
                        have.add(value)
                        news.append(value)
                        if live is not None:
                            live[self._slot[value]].append(value)
        found = self._unseen(have, against)
        if not found and not alarms:
            self._harmless[still, against] = have
        return found

    def _picked(self, fact: int, live: Sequence[Sequence[int]]) -> Sequence[Rule]:
        """The rules that need this fact; of a control state, those for values that are true."""
        site = self._at[fact]
        if site is None:
            return self._rules[fact]
        return [rule for value in live[site.slot] for rule in site.rules.get(value, ())]

    def _unseen(self, have: set[int], against: Against) -> Bits:
        """Contexts that may take a step that nobody has seen, with what is true."""
        if against not in self._declaring:
            every = (site for sites in self.sites for site in sites)
            declaring = (s for s in every if s.declared & against.kinds or (s.declared and against.slots >> s.slot & 1))
            missing = (
                (site, [value for number, value in self._values[site.slot].items() if number not in site.seen])
                for site in declaring
            )
            self._declaring[against] = [(site, values) for site, values in missing if values]
        found = 0
        for site, values in self._declaring[against]:
            if site.fact in have and not have.isdisjoint(values):
                found |= 1 << site.place
        return found

    def _alarms(self, here: Standing, waiting: Bits) -> frozenset[int]:
        """The values that would unblock one of these contexts, or might."""
        if not waiting:
            return frozenset()
        sites = [site for site in here.sites if waiting >> site.place & 1]
        return frozenset(
            value
            for site in sites
            for number, value in self._values[site.slot].items()
            if number != here.numbers[site.slot] and site.seen.get(number, True)
        )

    def _declared(self, place: int, control: int) -> Bits:
        effect = self._tables.effect(place, control)
        if not isinstance(effect, Call):
            return 0
        step = StepInfo.declared(self._system.contexts[place].name, effect)
        return 1 << self._local.kinds.number(self._visibility.extend(step, None))

    def _add(self, site: Site, number: int, options: Sequence[LocalStep]) -> None:
        site.seen[number] = bool(options)
        choice = site.slot == site.place
        needs = _NOTHING if choice else self._value(site.slot, number)
        for step in options:
            after = self.sites[site.place][step.next_control]
            value = _NOTHING if choice else self._value(site.slot, step.next_value)
            effect = after.fact, value, 1 << step.kind, 1 << site.place
            self._rules[site.fact].append((needs, *effect))
            self._rules[needs].append((site.fact, *effect))
            site.rules.setdefault(needs, []).append((needs, *effect))
            after.before.append(site)
            _spread(site, 1 << step.kind | after.footprint)
        self._many |= len(self._rules[site.fact]) > _MANY

    def _value(self, slot: int, number: int) -> int:
        """The fact that the actor with this field has this value."""
        facts = self._values[slot]
        if number not in facts:
            facts[number] = self._fact(None, slot)
        return facts[number]

    def _fact(self, site: Site | None, slot: int) -> int:
        self._rules.append([])
        self._at.append(site)
        self._slot.append(slot)
        return len(self._at) - 1


def _spread(site: Site, kinds: Bits) -> None:
    """From here a context may take steps of these kinds; so it may from wherever it can come here."""
    todo = [site]
    for site in todo:
        if kinds & ~site.footprint:
            site.footprint |= kinds
            todo += site.before
