"""Strategy "auto": looks at the system for a moment, picks a strategy that suits it, and says why.

Most systems are small: a search over states is begun, and often that is all it takes. If it finds many states, it
pauses, and "dpor" may run a few executions, since some systems have hardly any traces. If that is not enough, random
walks give an outlook (`explore.sampling.outlook`): how many traces there are at most, and how many states at least.
Then the first of these that suits does the work:

- "dpor", when there are far fewer traces than states, and it can check what is asked; where the walks cannot count the
  traces, it is tried with as many executions as those states are worth;
- "states", which goes on where it paused, when the states fit into memory; its schedules are the shortest;
- "reduced", when the states that matter fit into memory, and it can check what is asked;
- "dpor" once more, with more executions than before;
- the portfolio, which draws lots and is never complete.

What is asked `besides` needs all states, in one process. So where "dpor" has answered the rest, the search over states
goes on for that alone; if it turns out to be too large, or is stopped, the answer of "dpor" stands. A crew with a
budget leaves out what is asked `besides`.

A crew of processes does what is picked, if that can be shared. One process alone picks, so the choice is the same with
a crew as without.

Counts decide, not the clock: unless a budget ends it, a question gets the same strategy on every machine. What small
systems do not need is imported only when a large one comes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import attrs

from aprt.core.amount import count
from aprt.core.errors import UserError, WorkersLost
from aprt.core.properties import endless
from aprt.explore.result import Exploration, Question
from aprt.explore.stateful import states
from aprt.explore.stateful.states import Doubt
from aprt.explore.watchdog import Stop

if TYPE_CHECKING:
    from aprt.explore.sampling.outlook import Outlook

_SMALL = 150_000  # states that are found in about half a second; with more, it looks at the system first
_LARGE = 3_000_000  # states that are too many to keep
_REDUCED = 100_000  # the same for "reduced", which takes longer for each state
_PER_TRACE = 100  # states that are searched in the time that one trace takes
_PER_STEP = 3  # likewise for each step of a trace; though in a long trace every step may race with many
_UNSUITABLE, _SHARED = "unsuitable", "shared"  # why a search over states gives way to another strategy, or to a crew

Share: TypeAlias = Callable[[str, Question], Exploration]
"""What a crew answers with a strategy, which is "dpor" or "states"."""


def search(question: Question, share: Share | None = None) -> Exploration:
    """Explore with the strategy that the system suggests. `Exploration.picked` says why."""
    by_states = states.search if share is None else partial(share, "states")
    if question.symmetry:
        return attrs.evolve(by_states(question), picked="no other strategy knows symmetry")
    if question.loop != "auto":
        return attrs.evolve(by_states(question), picked="no other strategy has loops to choose from")
    return _Choice(question, share).search()


class _Choice:
    """A search that may change its strategy on the way. share: None where one process does all.

    picked: why this strategy; None while there was nothing to choose.
    by_traces: the answer of "dpor", once it has one. unfinished: what "dpor" had found when it took too long.
    allowed: how many steps "dpor" was given the last time, in all executions; infinite when more would be of no use.
    """

    def __init__(self, question: Question, share: Share | None) -> None:
        self.question, self.began = question, time.perf_counter()
        self.share = None if any(map(endless, question.properties)) else share
        self.picked: str | None = None
        self.by_traces: Exploration | None = None
        self.unfinished: Exploration | None = None
        self.allowed = 0.0

    def search(self) -> Exploration:
        doubt = Doubt(_SMALL, self._reconsider)
        begun = _within(lambda question: states.search(question, doubt), self.question, _LARGE)
        found = self._best_answer(begun)
        ended = "it ended" if found.stopped in (None, "violation") else "it was stopped"
        picked = self.picked or f"{ended} after few states"
        if self.by_traces is not None and found is begun:
            picked = f"{', '.join(property.id for property in self.question.besides)} takes all states"
        found = attrs.evolve(_with_counts(begun, found), unjudged=self._unjudged(begun, found))
        return attrs.evolve(found, seconds=time.perf_counter() - self.began, picked=picked)

    def _unjudged(self, begun: Exploration, found: Exploration) -> str | None:
        """As in `Exploration`. begun: what the search over states had come to."""
        if not self.question.besides or found.unjudged != "strategy" or begun.stopped == _SHARED:
            return found.unjudged
        return "max_states" if begun.stopped == _UNSUITABLE else begun.stopped

    def _best_answer(self, found: Exploration) -> Exploration:
        """The answer to give, when the search over states ended with `found`: that, or what another strategy finds."""
        if found.stopped == _SHARED and self.share is not None:
            found = _with_findings(found, _within(partial(self.share, "states"), self._rest(), _LARGE))
        if self.by_traces is not None:
            return found if found.stopped in (None, "violation") else _with_findings(found, self.by_traces)
        if found.stopped == _UNSUITABLE or _too_many(found, self.question, _LARGE):
            return _with_findings(found, self._beyond())
        if self.unfinished is not None and _knows_more(self.unfinished, found):
            taken = count(self.unfinished.executions, "execution")
            self.picked = f"{taken} showed what is wrong before states were searched in their place"
            return _with_findings(found, attrs.evolve(self.unfinished, stopped=found.stopped))
        return found

    def _reconsider(self, least: int) -> float:
        """The search over states pauses at `least` states: how many it is to expect if it is to go on.

        Raises: `Stop` when another strategy is to go on instead, or has answered already.
        """
        self.by_traces = self._try_traces(least)
        if self._is_answered():
            raise Stop(_UNSUITABLE)
        from aprt.explore.sampling.outlook import outlook

        ahead = outlook(self._rest(), least)
        if self.by_traces is None:
            self.picked = str(ahead)
            self.by_traces = self._traces_if_few(ahead)
        if self._is_answered() or ahead.states >= _LARGE:
            raise Stop(_UNSUITABLE)
        hurried = self.question.bounds.budget is not None
        if self.share is not None and self.by_traces is None and (hurried or not self.question.besides):
            raise Stop(_SHARED)
        return ahead.states

    def _is_answered(self) -> bool:
        """Whether the answer of "dpor" is all there will be: nothing is asked besides, or that was cut short."""
        return self.by_traces is not None and not (self.question.besides and self.by_traces.complete)

    def _traces_if_few(self, ahead: Outlook) -> Exploration | None:
        """The answer of "dpor", where it seems to be the quicker one, and has one."""
        if not ahead.endless and ahead.traces == math.inf:
            return self._try_traces(ahead.states)
        if _few_traces(ahead) and self.allowed < math.inf:
            question = attrs.evolve(self._rest(), expected=ahead.traces)
            if self.share is not None and question.bounds.max_states is None:
                return self._dpor(question, partial(self.share, "dpor"))
            return self._dpor(question)
        return None

    def _try_traces(self, states: float) -> Exploration | None:
        """The answer of "dpor", if it takes no longer than so many states would; None where it had as long before."""
        length, question = int(min(states, _LARGE) / _PER_STEP), self._rest()
        if length <= self.allowed:
            return None
        self.allowed, most = length, question.bounds.max_length
        if most is not None and most <= length:
            length, self.allowed = most, math.inf
        found = self._dpor(attrs.evolve(question, bounds=attrs.evolve(question.bounds, max_length=length)))
        if found is not None:
            taken, ended = count(found.executions, "execution"), found.stopped in (None, "violation")
            told = f"it took {taken}" if ended else f"it was stopped after {taken}"
            self.picked = f"there seem to be {states:,.0f} states or more, and by traces {told}"
        return found

    def _dpor(self, question: Question, search: Callable[[Question], Exploration] | None = None) -> Exploration | None:
        """The answer of "dpor", where it has one. search: how a crew does it."""
        from aprt.explore.traces import dpor

        try:
            found = (search or dpor.search)(question)
        except WorkersLost:
            raise
        except UserError:  # it cannot check what is asked
            self.allowed = math.inf
            return None
        # with an execution that does not end, which walks hardly ever meet, more time is of no use; nor is it with a
        # bound of the depth, up to which states show more than traces
        if found.stopped in ("endless", "max_depth"):
            self.allowed = math.inf
        if found.stopped not in ("endless", "max_depth", "max_length"):
            return found
        self.unfinished = found
        return None

    def _beyond(self) -> Exploration:
        """The answer where states are too many to keep."""
        from aprt.explore.persistent_sets import reduced
        from aprt.explore.sampling import portfolio

        self.picked = f"{self.picked or f'there are more than {_LARGE:,} states'}, too many to keep"
        try:
            found: Exploration | None = _within(reduced.search, self._rest(), _REDUCED)
        except UserError:
            found = None
        if found is None or _too_many(found, self.question, _REDUCED):
            found = self._try_traces(_LARGE) or portfolio.search(self._rest())
        return found if self.unfinished is None else _with_findings(self.unfinished, found)

    def _rest(self) -> Question:
        """The question with the time that is left for it."""
        spent = time.perf_counter() - self.began
        return attrs.evolve(self.question, bounds=self.question.bounds.after(spent))


def _few_traces(ahead: Outlook) -> bool:
    """Whether to go along the traces is quicker than to search the states."""
    return not ahead.endless and ahead.traces * _PER_TRACE < ahead.states


def _within(search: Callable[[Question], Exploration], question: Question, most: int) -> Exploration:
    """What a search finds in at most so many states."""
    limit = question.bounds.max_states
    bounds = attrs.evolve(question.bounds, max_states=most if limit is None else min(most, limit))
    return search(attrs.evolve(question, bounds=bounds))


def _with_findings(known: Exploration, found: Exploration) -> Exploration:
    """The answer `found`, with what `known` says to be wrong, too, and where it saw executions end."""
    violated = {finding.property for finding in known.findings}
    findings = (*known.findings, *(finding for finding in found.findings if finding.property not in violated))
    unasked = tuple(sorted({*known.unasked, *found.unasked}))
    return attrs.evolve(found, findings=findings, unasked=unasked, wrong=known.wrong | found.wrong)


def _with_counts(known: Exploration, found: Exploration) -> Exploration:
    """The answer `found`; where it was cut short, it counts no fewer states than `known` does."""
    if found.stopped not in ("interrupted", "budget"):
        return found
    counts = {name: max(getattr(known, name), getattr(found, name)) for name in ("states", "transitions", "depth")}
    return attrs.evolve(found, **counts)


def _knows_more(known: Exploration, found: Exploration) -> bool:
    """Whether `known` has a violation that `found` has not."""
    return not {finding.property for finding in known.findings} <= {finding.property for finding in found.findings}


def _too_many(found: Exploration, question: Question, most: int) -> bool:
    """Whether the search gave up at `most` states, and not at a bound of the question's."""
    limit = question.bounds.max_states
    return found.stopped == "max_states" and (limit is None or most < limit)
