"""Strategy "reduced": the states that matter, breadth first: in each state only a persistent set takes its steps.

Orders of independent steps lead to the same state, so one of them is enough (`explore.persistent_sets.persistent`).
Complete for what is checked (`explore.commuting.visibility` adds what checks must see in order): every terminal state
is reached, and every violation has a schedule, which is the shortest that was met and not the shortest there is.

What contexts may still do is known from the steps learned so far; random walks learn most of them beforehand. When the
search learns another one, it may have left out what belongs to it. So it looks again at the states that it has left,
until there is nothing new. Nor may a context be put off for ever, on a cycle of states where others take the steps (the
*ignoring problem*): from every state in which it can take a step, one in which it takes it must be in reach. Where none
is, it takes it there.

Sources: P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, LNCS 1032, 1996; A. Valmari,
Stubborn sets for reduced state space generation, LNCS 483, 1991, for the ignoring problem.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from itertools import count, permutations
from typing import TYPE_CHECKING, TypeAlias

from aprt.core.finding import Finding
from aprt.explore.checking.checks import Checks, Due
from aprt.explore.checking.exercised import exercised
from aprt.explore.checking.judges import Violation, violated
from aprt.explore.commuting.local_steps import LocalStep, LocalSteps
from aprt.explore.commuting.visibility import Unordered, Visibility, in_order
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Tables
from aprt.explore.met import Met
from aprt.explore.persistent_sets.futures import Bits, Futures
from aprt.explore.persistent_sets.persistent import PersistentSets
from aprt.explore.persistent_sets.wander import run_ahead, wander
from aprt.explore.reachability import reachable_sets
from aprt.explore.result import Exploration, Question
from aprt.explore.watchdog import Stop, Watchdog, looking, until_stopped

if TYPE_CHECKING:
    from aprt.explore.saved.reduced import SavedReduced

_LOOK = 64  # states between two looks at the clock

Enabled: TypeAlias = Mapping[int, tuple[LocalStep, ...]]
"""The contexts that can take a step, by place, with their steps."""


def search(question: Question) -> Exploration:
    """Explore what matters, within the bounds."""
    watchdog, numbers = Watchdog(question), count()
    return in_order(question.properties, lambda kept: ReducedSearch(question, kept, watchdog, next(numbers)))


class ReducedSearch:
    """Per state that was met. depths: how many steps it is from the start. oopses: those that an oops has ended.

    Per state that was entered. possible: the contexts that can take a step, as bits. moved: those that did. known: how
    many sets of local steps had been learned (`Futures.size`) when these were chosen.
    sources, targets: of each step that was taken. taking: the step that is being taken, and out of which state.
    before: how many searches were given up before this one, since a check asked for more order than they kept.
    """

    def __init__(self, question: Question, visibility: Visibility, watchdog: Watchdog, before: int = 0) -> None:
        self.question, self.watchdog, system = question, watchdog, question.system
        self.checks = Checks(visibility.properties, system)
        self.packing = self.checks.packing
        self.tables: Tables[Due] = Tables(system, self.packing, self.checks.due, self.checks.blocked)
        self.local = LocalSteps(system, self.tables, visibility)
        self.futures = Futures(system, self.tables, self.local, visibility)
        self.sets = PersistentSets(self.futures, self.local)
        self.met, self.depths = Met(question.bounds.max_states), array("Q", [0])
        self.possible, self.moved, self.known = list[Bits](), list[Bits](), array("Q")
        self.sources, self.targets = array("Q"), array("Q")
        self.oopses: set[int] = set()
        self.ends = self.deadlocks = 0
        self.cut = False
        self.found: dict[str, tuple[str, list[int]]] = {}
        self.taking: tuple[int, LocalStep] | None = None
        self.saved = self._saved(before)

    def _saved(self, before: int) -> SavedReduced | None:
        if self.question.save is None:
            return None
        from aprt.explore.saved.reduced import SavedReduced  # few searches need it

        return SavedReduced(self.question.save, self, before)

    def close(self) -> None:
        self.tables.close()

    def explore(self) -> Exploration:
        return self._answer(until_stopped(self._search))

    def _search(self) -> str | None:
        try:
            self._record(self.checks.start(self.tables.first), [])
            if self.saved is None or not self.saved.restore():
                wander(self.local, self.tables, self.packing.numbers(INITIAL))
                self._save()
            self._run()
            self._save()
            if self.local.loose:
                run_ahead(self.local, self.packing.numbers(INITIAL))
            return "max_depth" if self.cut else None
        except Unordered:
            if self.saved is not None:
                self.saved.begin_anew()
            raise

    def _save(self) -> None:
        if self.saved is not None:
            self.saved.write()

    def _run(self) -> None:
        """Enter all states that are met, and return to those in which more has to be done, until there is none."""
        while True:
            while len(self.possible) < len(self.met):
                if not len(self.possible) % _LOOK:
                    self._look()
                self._enter(len(self.possible))
            self._look_again()
            if len(self.possible) == len(self.met):
                self._catch_up()
            if len(self.possible) == len(self.met):
                break

    def _look(self) -> None:
        """Where the search can be resumed: what is begun with a state cannot be cut short."""
        try:
            self.watchdog.look(0, len(self.met), len(self.sources), self.depths[len(self.possible) - 1])
        except Stop:
            self._save()
            raise
        if self.saved is not None and self.saved.file.due:
            self._save()

    def _enter(self, here: int) -> None:
        """Take the steps of a persistent set, or see how the execution has ended."""
        enabled = {} if here in self.oopses else self._enabled(here)
        self.possible.append(sum([1 << place for place in enabled]))
        self.moved.append(0)
        self.known.append(self.futures.size)
        if self.depths[here] == self.question.bounds.max_depth and enabled:
            self.cut = True
        elif enabled:
            self._check_commute(enabled)
            self._take(here, enabled, self.sets.choose(self.packing.numbers(self.met.states[here]), enabled))
        elif here not in self.oopses:
            self._terminal(here)

    def _look_again(self) -> None:
        """Take the steps that what is known by now asks for, in states that were entered knowing less."""
        self.futures.refresh()
        for here in looking(range(len(self.possible)), self._look):
            if self.known[here] == self.futures.size or self.moved[here] in (self.possible[here], 0):
                continue
            enabled, numbers = self._enabled(here), self.packing.numbers(self.met.states[here])
            self.known[here] = self.futures.size
            if not self.sets.enough(numbers, enabled, self.moved[here]):
                self._take(here, enabled, self.sets.choose(numbers, enabled) & ~self.moved[here])

    def _catch_up(self) -> None:
        """Let contexts take the steps that they would put off for ever: from some state on, though they can."""
        if self.cut:
            return
        left = (1 << len(self.local.rows)) - 1
        content = [moved | left & ~possible for moved, possible in zip(self.moved, self.possible, strict=True)]
        for here, found in enumerate(reachable_sets(content, self.sources, self.targets, self._look)):
            if left & ~found:
                self._take(here, self._enabled(here), left & ~found)
                left &= found

    def _enabled(self, here: int) -> Enabled:
        """What can be done in a state."""
        numbers, found = self.packing.numbers(self.met.states[here]), {}
        for place, rows in enumerate(self.local.rows):
            slot, options = rows[numbers[place]]
            steps = options[numbers[slot]]
            if steps:
                found[place] = steps
        self.futures.refresh()
        return found

    def _check_commute(self, enabled: Enabled) -> None:
        """Hold handlers to what they declare to commute. Raises: `ModelError`."""
        loose = [steps[0] for steps in enabled.values() if steps[0].slot in self.local.loose]
        if len({step.slot for step in loose}) == len(loose):
            return
        for one, other in permutations(loose, 2):
            if one.slot == other.slot and not self.local.kinds.meets[one.kind] >> other.kind & 1:
                self.local.check_commute_beside(one, other)

    def _take(self, here: int, enabled: Enabled, contexts: Bits) -> None:
        """The steps of these contexts."""
        self.moved[here] |= contexts
        for place, steps in enabled.items():
            if contexts >> place & 1:
                for step in steps:
                    self._step(here, step)

    def _step(self, here: int, step: LocalStep) -> None:
        state = self.met.states[here]
        violations: list[Violation] = []
        successor = state + step.delta
        self.taking = here, step
        if step.watch is not None:
            successor, violations = step.watch.look(state, successor)
        number = self.met.meet(successor, here, step.number)
        if number == len(self.depths):
            self.depths.append(self.depths[here] + 1)
            violations += violated(step.judges, successor)
            if step.oops:
                self.oopses.add(number)
        self.sources.append(here)
        self.targets.append(number)
        if violations:
            self._record(violations, [*self.met.way_to(here), step.number])

    def _terminal(self, here: int) -> None:
        """In a state without steps."""
        waiting = self.tables.waiting(self.met.states[here])
        if waiting:
            self.deadlocks += 1
            violations = self.checks.deadlock(self.met.states[here], waiting)
        else:
            self.ends += 1
            violations = self.checks.end(self.met.states[here])
        if violations:
            self._record(violations, self.met.way_to(here))

    def _record(self, violations: Iterable[Violation], steps: list[int]) -> None:
        """Keep the shortest per property, and stop when one is enough."""
        for id, text in violations:
            if id not in self.found or len(steps) < len(self.found[id][1]):
                self.found[id] = text, steps
            if self.question.stop_on == "first":
                raise Stop("violation")

    def _answer(self, stopped: str | None) -> Exploration:
        found, seconds = sorted(self.found.items(), key=lambda item: len(item[1][1])), self.watchdog.seconds
        return Exploration(
            strategy="reduced",
            stopped=stopped,
            findings=tuple(Finding(id, text, self.tables.schedule(steps)) for id, (text, steps) in found),
            states=len(self.met),
            transitions=len(self.sources),
            executions=0,
            depth=max(self.depths),
            ends=self.ends,
            deadlocks=self.deadlocks,
            oopses=len(self.oopses),
            unasked=tuple(sorted(self.checks.unasked)),
            seconds=seconds,
            saved=self.watchdog.saved,
            unmerged=tuple(sorted(self.tables.unmerged)),
            wrong=frozenset(self.checks.wrong),
            lock_order=self.checks.order,
            exercise=None if stopped else exercised(self.question, self.tables),
        )
