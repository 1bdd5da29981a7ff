"""What neighbouring contexts can do, looked up at once. For the plain loop, where no step has to be checked.

What a context can do is decided by its control state and one actor's value. A *cluster* is some neighbouring contexts
with all the fields that ever decide for them: where these take few values in many states, one look by the masked state
tells what the cluster can do.

Often its steps need not be taken, by how the state was first reached (its *arrival*). Let step t of context c have led
to it from p, and let the cluster be of earlier contexts, for none of which the slot ever decides that decided on t.
Then its steps were possible in p, which took them first, and behind each of them t led to where it leads from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from aprt.explore.checks import QUIET, Note
from aprt.explore.layout import Layout
from aprt.explore.loop import Outgrown
from aprt.explore.tables import Tables

_FEW = 8  # states, on average, must share the fields of a cluster

Arrival: TypeAlias = "list[tuple[int, Known, bool]]"
"""Of each cluster, in order, its mask, what is known of it by the masked state, and whether its steps must be taken."""

Steps: TypeAlias = tuple[tuple[int, Arrival], ...]  # what to add to a state, and how that reaches the next one
_Rows: TypeAlias = dict[int, tuple[int, dict[int, Steps]]]  # of control states: the slot that decides, and steps by it


class Apart(Exception):
    """Contexts have to be asked one by one: there is something to check, or something new decides."""


@attrs.frozen(eq=False)
class Cluster:
    """The contexts from place `first` on, up to `last`, exclusively. slots: those that decide for them."""

    first: int
    last: int
    slots: frozenset[int]


class Known(dict[int, Steps]):
    """What a cluster can do, by the masked state. Raises: `Apart`, and what learning raises."""

    def __init__(self, clusters: Clusters, cluster: Cluster) -> None:
        self._clusters, self._cluster = clusters, cluster

    def __missing__(self, state: int) -> Steps:
        found = self[state] = self._clusters.steps(self._cluster, state)
        return found


class Clusters:
    """The clusters that all contexts fall into, for states packed as `layout` says.

    somehow: the arrival of states of which nothing else is known.
    """

    def __init__(self, tables: Tables[Note], layout: Layout, clusters: Sequence[Cluster]) -> None:
        self._tables, self._layout, self._clusters = tables, layout, clusters
        self._known = [Known(self, cluster) for cluster in clusters]
        self._rows: list[_Rows] = [{} for _ in tables.rows]
        self._arrivals: dict[tuple[int, int], Arrival] = {}
        self.somehow = self._arrival(0, 0)  # no context is earlier

    def steps(self, cluster: Cluster, state: int) -> Steps:
        """What a cluster can do in a state, of which the fields that decide are enough."""
        shifts, ones, steps = self._layout.shifts, self._layout.ones, list[tuple[int, Arrival]]()
        for place in range(cluster.first, cluster.last):
            control = state >> shifts[place] & ones[place]
            try:
                slot, offers = self._rows[place][control]
                steps += offers[state >> shifts[slot] & ones[slot]]
            except KeyError:
                steps += self._learn(cluster, place, control, state)
        return tuple(steps)

    def _learn(self, cluster: Cluster, place: int, control: int, state: int) -> Steps:
        slot, row = self._tables.rows[place][control]
        if slot not in cluster.slots:
            raise Apart
        number = self._layout.field(state, slot)
        moves = row[number]
        if not self._layout.fits():
            raise Outgrown
        if any(note != QUIET for _, _, note in moves):
            raise Apart
        arrival = self._arrival(place, slot)
        deltas = (self._layout.delta(self._tables.changes[step]) for _, step, _ in moves)
        _, offers = self._rows[place].setdefault(control, (slot, {}))
        offers[number] = tuple((delta, arrival) for delta in deltas)
        return offers[number]

    def _arrival(self, came: int, slot: int) -> Arrival:
        """By a step of the context in that place, decided by that slot."""
        if (came, slot) not in self._arrivals:
            self._arrivals[came, slot] = [
                (self._layout.mask(cluster.slots), known, came < cluster.last or slot in cluster.slots)
                for cluster, known in zip(self._clusters, self._known, strict=True)
            ]
        return self._arrivals[came, slot]


def clusters(tables: Tables[Note], layout: Layout, sample: Sequence[int]) -> Clusters | None:
    """Clusters as large as some states say it pays; None when they say that it does not."""
    found: list[Cluster] = []
    for place, rows in enumerate(tables.rows):
        slots = frozenset({place, *(slot for slot, _ in rows)})
        if found and _few(layout.mask(found[-1].slots | slots), sample):
            found[-1] = Cluster(found[-1].first, place + 1, found[-1].slots | slots)
        elif _few(layout.mask(slots), sample):
            found.append(Cluster(place, place + 1, slots))
        else:
            return None
    return Clusters(tables, layout, found)


def _few(mask: int, sample: Sequence[int]) -> bool:
    return len(set(map(mask.__and__, sample))) * _FEW <= len(sample)
