"""Strategy "states": visit every reachable state once, breadth first.

It is complete: what it does not report does not happen within the system. It goes breadth first, so the schedule of a
finding is the shortest there is for its property. A state beyond a violation is explored like any other, except that
nothing follows an oops. The memory of a history that is checked is part of the state, and counts.

What only the whole graph shows is looked for once all states are expanded (`explore.stateful.passes`).

With symmetry on, a state stands for its orbit (`explore.stateful.symmetry`), and findings are turned back into
executions (`explore.stateful.retrace`). Where members of a class turn out to be told apart, the search begins again
without the class.

With a bound of `max_depth`, no step is taken out of states that far from the start; if one is possible, the search is
not complete.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import attrs

from aprt.core.errors import UserError
from aprt.core.finding import Finding
from aprt.explore.checking.checks import Checks, Due
from aprt.explore.checking.exercised import exercised
from aprt.explore.checking.judges import Violation
from aprt.explore.learned.tables import Tables
from aprt.explore.result import Exploration, Question
from aprt.explore.stateful.apart import Apart, still_alike, told_apart
from aprt.explore.stateful.chunk import Chunk
from aprt.explore.stateful.exchange import Asymmetric
from aprt.explore.stateful.known import Found, Known, Mark
from aprt.explore.stateful.loop import FreshLoop, Loop
from aprt.explore.stateful.loop_choice import compiled_from
from aprt.explore.stateful.loop_plain import PlainLoop
from aprt.explore.stateful.passes import Passes
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

if TYPE_CHECKING:
    from aprt.explore.saved.states import SavedStates
    from aprt.explore.stateful.symmetry import Symmetry


@attrs.frozen
class Doubt:
    """What to ask once, between two levels, when there are so many states or more: whether to go on.

    ask: given the number of states so far, gives the number to expect in all, or raises `Stop`.
    """

    states: int
    ask: Callable[[int], float]


def search(question: Question, doubt: Doubt | None = None) -> Exploration:
    """Explore all states, within the bounds. Raises: `UserError` when symmetry is asked for and nothing is alike."""
    began, apart = time.perf_counter(), told_apart(question)
    while True:
        earlier = time.perf_counter() - began
        try:
            found = _explore(still_alike(question, apart, earlier), doubt, earlier)
            return attrs.evolve(found, apart=tuple(one.why for one in apart))
        except Asymmetric as error:
            apart.append(Apart(error.kind, error.apart))
            apart[-1].keep(question)


def _explore(question: Question, doubt: Doubt | None, earlier: float) -> Exploration:
    run = Search(question, doubt)
    run.watchdog.earlier = earlier
    try:
        return run.explore()
    finally:
        run.close()


class Search:
    """One search: goes level by level and keeps what was found. The loop holds the states and does most of the work.

    depth: of the level that is being expanded; its states are those numbered below `last`. ends, deadlocks: numbers of
    states. found: by property. unjudged, loading: as in `Exploration`. `close` it when done.
    """

    def __init__(self, question: Question, doubt: Doubt | None = None) -> None:
        self.question, self.doubt = question, doubt
        self.besides = () if question.symmetry else question.besides
        # only the first of alike steps closes a cycle in the lock order: a violation would tell it from the others
        self.checks = Checks((*question.properties, *self.besides), question.system, closing=not question.symmetry)
        blocked = None if self.checks.order is None else self.checks.blocked
        self.tables: Tables[Due] = Tables(question.system, self.checks.packing, self.checks.due, blocked)
        self.watchdog = Watchdog(question)
        self.depth, self.last, self.mark = 0, 1, Mark()
        self.symmetry: Symmetry | None = None
        self.loop: Loop = self._orbits() if question.symmetry else PlainLoop(self)
        self.switch = compiled_from(question)
        self.loading: float | None = None
        self._until_closed = ExitStack()
        self.ends: list[int] = []
        self.deadlocks: list[int] = []
        self.found: dict[str, Found] = {}
        self.unjudged: str | None = None if self.besides else "strategy"
        self.saved = self._saved()

    def close(self) -> None:
        """Let go of what refers back here. To look for it as garbage takes up to a tenth of a short search."""
        self.tables.close()
        self.checks.evaluated.clear()
        self.loop.close()
        self._until_closed.close()

    def _saved(self) -> SavedStates | None:
        if self.question.save is None:
            return None
        from aprt.explore.saved.states import SavedStates  # few searches need it

        return SavedStates(self.question.save, self.tables, self.checks)

    def _orbits(self) -> Loop:
        if self.checks.eventually or self.checks.livelocks:
            ids = ", ".join(sorted({*(j.id for j in self.checks.eventually), *(id for id, _ in self.checks.livelocks)}))
            raise UserError(
                f"{ids} is shown by a loop of states, which symmetry does not keep apart: leave out --symmetry"
            )
        from aprt.explore.stateful.loop_orbits import OrbitLoop  # few searches need them
        from aprt.explore.stateful.symmetry import Symmetry

        self.symmetry = Symmetry(self.question.system, self.tables, self.checks)
        return OrbitLoop(self, self.symmetry)

    def explore(self) -> Exploration:
        start = self.checks.start(self.tables.first)
        self._resume()
        return self._answer(until_stopped(partial(self._search, start)))

    def _search(self, start: Sequence[Violation]) -> None:
        """start: what is wrong with the initial state."""
        try:
            for violation in start:
                self.record(violation, 0, 0)
            self._levels()
            passes = Passes(self)
            passes.hangs()
            passes.for_ever()
            self._judge_livelocks(passes)
        except Stop:
            self._save()
            raise
        self._save()

    def look(self, here: int, transitions: int) -> None:
        self.mark = Mark(here, self.last, self.depth, transitions)
        self.watchdog.look(0, len(self.loop), transitions, self.depth)
        if self.saved is not None and self.saved.file.due:
            self._save()

    def _levels(self) -> None:
        """Expand level by level, up to an empty one. When resumed, the first may be expanded already, or in part."""
        here, more = self.mark.here, True
        while more:
            cut = False
            if self.doubt is not None and len(self.loop) >= self.doubt.states:
                self.watchdog.expected, self.doubt = self.doubt.ask(len(self.loop)), None
            if isinstance(self.loop, FreshLoop) and self.switch.now(len(self.loop), self.depth):
                began = self.watchdog.seconds
                self._compile([self.loop.chunk(0, len(self.loop))], self.loop.transitions)
                self.loading = self.watchdog.seconds - began
            if self.depth == self.question.bounds.max_depth:
                cut = self._cut(here, self.last)
            else:
                self.loop.expand(here, self.last)
            if self.found and self.question.stop_on == "first":
                raise Stop("violation")
            if cut:
                raise Stop("max_depth")
            here, self.last = self.last, len(self.loop)
            more = here < self.last
            self.depth += 1
            self.mark = Mark(here, self.last, self.depth, self.loop.transitions)

    def _compile(self, states: Sequence[Chunk], transitions: int) -> None:
        """Go on with the compiled loop."""
        from aprt.explore.compiled.compiling import compiling
        from aprt.explore.compiled.loop import CompiledLoop  # takes half a second, and many the first time ever

        self._until_closed.enter_context(compiling(self.watchdog.compiling))
        self.loop = CompiledLoop(self, states, transitions)

    def _save(self) -> None:
        if self.saved is not None:
            known = Known(self.mark, self.ends, self.deadlocks, self.found, self.watchdog.seconds)
            self.saved.write(self.loop, known)

    def _resume(self) -> None:
        """Go on with what is saved. Raises: `UserError`, `Unread`."""
        saved = None if self.saved is None else self.saved.read(self.watchdog)
        if saved is None:
            return
        known, count, states = saved
        self.question.bounds.allow(count)
        self.mark, self.last, self.depth = known.mark, known.mark.last, known.mark.depth
        self.ends, self.deadlocks, self.found = list(known.ends), list(known.deadlocks), dict(known.found)
        if self.switch.now(count, self.depth):
            self._compile(list(states), known.mark.transitions)
        elif isinstance(self.loop, FreshLoop):
            self.loop.restore(states, known.mark.transitions)
        self.watchdog.resume(known.seconds)

    def _cut(self, first: int, last: int) -> bool:
        """Take no step out of these states; whether there is one to take."""
        cut, oopses = False, set(self.loop.oopses)
        for here in range(first, last):
            if here in oopses:
                continue
            if self.tables.moves(self.loop.state(here)):
                cut = True
            else:
                self.terminal(here)
        return cut

    def terminal(self, here: int) -> None:
        """Check a state without steps."""
        state = self.loop.state(here)
        waiting = self.tables.waiting(state)
        if waiting:
            self.deadlocks.append(here)
            violations = self.checks.deadlock(state, waiting)
        else:
            self.ends.append(here)
            violations = self.checks.end(state)
        for violation in violations:
            self.record(violation, self.depth, here)

    def unchecked(self, ends: Sequence[int], deadlocks: Sequence[int]) -> None:
        self.ends += ends
        self.deadlocks += deadlocks

    def _judge_livelocks(self, passes: Passes) -> None:
        """Look for livelocks. Where only `besides` asks for them, being stopped leaves them out: the rest is judged."""
        besides = {property.id for property in self.besides}
        if not besides or any(id not in besides for id, _ in self.checks.livelocks):
            passes.livelocks()
            return
        reason = until_stopped(passes.livelocks)
        if reason == "violation":
            raise Stop(reason)
        self.unjudged = reason

    def record(
        self, violation: Violation, length: int, here: int, via: int | None = None, loop: tuple[int, ...] = ()
    ) -> None:
        """Keep the shortest per property, and stop when one is enough.

        But a violation by a step out of this level (`via`) is one step longer than a deadlock in this level would be,
        which may still come. So where such states are checked, the level is finished first.
        """
        id, text = violation
        if id not in self.found or length < self.found[id].length:
            self.found[id] = Found(text, length, here, via, loop)
        if self.question.stop_on == "first" and (via is None or not self.checks.terminal):
            raise Stop("violation")

    def _finding(self, id: str, found: Found) -> Finding:
        if self.symmetry is not None:
            from aprt.explore.stateful.retrace import Retrace

            orbits = [self.loop.state(number) for number in self.loop.way(found.here)]
            return Retrace(self.tables, self.checks, self.symmetry).finding(id, orbits, found.via is not None)
        steps = self.loop.steps(self.loop.way(found.here)) + ([] if found.via is None else [found.via])
        return Finding(id, found.text, self.tables.schedule([*steps, *found.loop]), len(found.loop))

    def _answer(self, stopped: str | None) -> Exploration:
        shortest = sorted(self.found.items(), key=lambda item: item[1].length)
        kept = shortest[:1] if self.question.stop_on == "first" else shortest
        loop, seconds = self.loop, self.watchdog.seconds
        return Exploration(
            strategy="states",
            stopped=stopped,
            findings=tuple(self._finding(id, found) for id, found in kept),
            states=len(loop),
            transitions=loop.transitions,
            executions=0,
            depth=len(loop.way(len(loop) - 1)) - 1,
            ends=len(self.ends),
            deadlocks=len(self.deadlocks),
            oopses=len(loop.oopses),
            unasked=tuple(sorted(self.checks.unasked)),
            seconds=seconds,
            saved=self.watchdog.saved,
            unmerged=tuple(sorted(self.tables.unmerged)),
            loop=loop.name,
            bytes_per_state=loop.bytes_per_state,
            loading=self.loading,
            exercise=None if stopped else exercised(self.question, self.tables),
            symmetry=self.symmetry is not None,
            wrong=frozenset(self.checks.wrong),
            lock_order=self.checks.order,
            unjudged=self.unjudged or (None if stopped == "violation" else stopped),
        )
