"""What all executions that fail in a certain way have in common: orders of two steps, and choices.

Whatever they have in common, the failing execution at hand has, too. So its pairs of dependent steps and its choices
are the candidates, and for each of them an execution is looked for that fails without it, in the part of the state
graph from which the failure can be reached. Steps are the same in two executions when they have the same label: the
same operation of the same context, for the n-th time. So the search goes over states together with two counts: how
often each of the two operations was done. An order that every execution has, failing or not, as a reply comes after
its request, says nothing about the failure and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal, TypeAlias

import attrs

from aprt.core.schedule import Label
from aprt.explore.failures.failing import Playground
from aprt.explore.failures.failing_trace import FailingTrace
from aprt.explore.failures.prospects import FAILS, Prospects
from aprt.explore.learned.packing import INITIAL

How: TypeAlias = Literal["done", "fails", "waits"]
Pair: TypeAlias = tuple[int, int]
_Place: TypeAlias = tuple[int, int, int]  # a state's number, and how often the first and the second operation were done


@attrs.frozen
class Ordering:
    """`first` comes before `second` in every execution that fails.

    how: what is meant by `second`. "done": the step with that label. "fails": the step that fails, however often the
    operation was done before, or another one that fails alike. "waits": what its context waits for in the deadlock.
    """

    first: Label
    second: Label
    how: How = "done"


def necessary_order(ground: Playground, trace: FailingTrace, prospects: Prospects) -> tuple[Ordering, ...]:
    """The orderings, but for those that follow from others and from the order within each context.

    prospects: what follows the initial state was explored in it. Where that is not complete, an ordering may be among
    the answers just because the execution that refutes it was not met.
    """
    known: dict[Pair, Ordering] = {}
    contexts = [label.context for label in chain(trace.labels, trace.pending)]
    for pair, ordering in sorted(_candidates(trace), key=lambda one: one[0][1] - one[0][0]):
        if not _follows(pair, known, contexts) and not _Search(ground, prospects, ordering).refutes():
            known[pair] = ordering
    direct = [pair for pair in known if not _follows(pair, known.keys() - {pair}, contexts)]
    telling = [pair for pair in direct if _Search(ground, prospects, known[pair]).turned_round()]
    return tuple(known[pair] for pair in sorted(telling, key=lambda pair: pair[::-1]))


def necessary_choices(ground: Playground, trace: FailingTrace, prospects: Prospects) -> tuple[Label, ...]:
    """The choices without which no execution fails, where there was something else to choose.

    prospects: as for `necessary_order`.
    """
    return tuple(
        trace.labels[position]
        for position in trace.causes()
        if trace.options(position) > 1
        and not _Search(ground, prospects, Ordering(trace.labels[position], trace.labels[position])).refutes()
    )


def _candidates(trace: FailingTrace) -> Iterator[tuple[Pair, Ordering]]:
    """Pairs of dependent steps that led to the failure, by position."""
    fails = len(trace) - 1 if isinstance(trace.failure, tuple) else None
    for second in trace.causes():
        for first in trace.earlier(second):
            how: How = "fails" if second == fails else "done"
            yield (first, second), Ordering(trace.labels[first], trace.labels[second], how)
    for second, pending in enumerate(trace.pending, len(trace)):
        for first in trace.waited_for(pending):
            yield (first, second), Ordering(trace.labels[first], pending, "waits")


def _follows(pair: Pair, known: Iterable[Pair], contexts: Sequence[str]) -> bool:
    """Whether an ordering follows from known ones and from the order within each context."""
    first, last = pair
    after = {first}
    for here in range(first + 1, last + 1):
        own = any(contexts[i] == contexts[here] for i in after)
        if own or any(a in after and b == here for a, b in known):
            after.add(here)
    return last in after


class _Search:
    """Looks for executions that do not have `ordering`."""

    def __init__(self, ground: Playground, prospects: Prospects, ordering: Ordering) -> None:
        self._ground, self._prospects, self._ordering = ground, prospects, ordering
        self._first, self._second = (
            [(label.context, label.op) == (s.event.context, s.event.label.op) for s in ground.tables.steps]
            for label in (ordering.first, ordering.second)
        )

    def refutes(self) -> bool:
        """Whether an execution fails without it."""
        moves, ends = self._prospects.failing_moves, self._prospects.fails_in
        return self._meets(moves, self._holds, lambda place: ends(place[0]) and not self._holds_in(place))

    def turned_round(self) -> bool:
        """Whether some execution, failing or not, does the second operation without the first step before it."""
        return self._meets(self._prospects.moves, self._in_order, lambda place: False)

    def _meets(
        self,
        moves: Callable[[int], Iterable[tuple[int, int]]],
        settled: Callable[[_Place], bool | None],
        breaks: Callable[[_Place], bool],
    ) -> bool:
        """Whether there is a place that `breaks` the ordering, or a step to one that is settled against it."""
        start: _Place = (self._prospects.number(INITIAL), 0, 0)
        todo, seen = [start], {start}
        while todo:
            here = todo.pop()
            if breaks(here):
                return True
            for step, target in moves(here[0]):
                there = self._after(here, step, target)
                holds = settled(there)
                if holds is False:
                    return True
                if holds is None and target != FAILS and there not in seen:
                    seen.add(there)
                    todo.append(there)
        return False

    def _after(self, here: _Place, step: int, target: int) -> _Place:
        _, first, second = here
        if target == FAILS and self._ordering.how == "fails":  # the step that fails is the second one
            return target, first, second
        first = min(first + self._first[step], self._ordering.first.nth)
        return target, first, min(second + self._second[step], self._ordering.second.nth)

    def _holds(self, place: _Place) -> bool | None:
        """Whether all executions that come here and fail have it; False: none has it; None: that is still open."""
        target, first, second = place
        done = first == self._ordering.first.nth
        match self._ordering.how:
            case "done" if second == self._ordering.second.nth:
                return done
            case "fails" if done or target == FAILS:
                return done
        return False if target == FAILS else None

    def _holds_in(self, place: _Place) -> bool:
        """Whether an execution has it that fails here, where nothing more is possible."""
        number, first, _ = place
        second = self._ordering.second
        if self._ordering.how != "waits" or first < self._ordering.first.nth:
            return False
        return (second.context, second.op) in self._ground.tables.waiting(self._prospects.state(number))

    def _in_order(self, place: _Place) -> bool | None:
        """Whether the two operations came in order; None if not both have come."""
        _, first, second = place
        if first == self._ordering.first.nth:
            return True
        times = self._ordering.second.nth if self._ordering.how == "done" else 1
        return False if second >= times else None
