"""Strategy "dpor": every Mazurkiewicz trace once, depth first, by Optimal-DPOR.

Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", Journal of
the ACM 64(4), 2017, algorithm 2: executions that differ only in the order of independent steps are one trace. One
execution is run to its end; then its races say what else there is (`explore.traces.races`), which is kept in wakeup
trees (`explore.traces.wakeup_tree`). Sleep sets (Godefroid, LNCS 1032, 1996) hold what is covered already. No execution
is begun in vain, and only what differs from the execution before is executed.

Mode "source" is their algorithm 1 with source sets instead of wakeup trees: simpler, but some executions find in the
end that all they could do is covered (they are *sleep set blocked*).

Complete for what is checked (`explore.commuting.visibility`). Behaviours that loop for ever have executions without
end: they need `max_depth`. The schedule of a finding is the shortest that was met, not the shortest there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Literal, TypeAlias

from aprt.core.execution import Ending
from aprt.core.finding import Finding
from aprt.core.schedule import Schedule
from aprt.explore.checking.checks import Checks, Due
from aprt.explore.checking.exercised import exercised
from aprt.explore.checking.judges import Violation, violated
from aprt.explore.commuting.bits import members
from aprt.explore.commuting.local_steps import LocalStep, LocalSteps
from aprt.explore.commuting.visibility import Unordered, Visibility, in_order
from aprt.explore.learned.tables import Tables
from aprt.explore.result import Exploration, Question
from aprt.explore.traces.descent import WHOLE, Descent, Labels, Subtree
from aprt.explore.traces.races import EVERY_RULE, Race, Races, Rules
from aprt.explore.traces.wakeup_tree import EVERYTHING, Branch, WakeupSequence, insert
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

if TYPE_CHECKING:
    from aprt.explore.saved.traces import SavedTraces

Steps: TypeAlias = tuple[LocalStep, ...]


def search(question: Question, rules: Rules = EVERY_RULE) -> Exploration:
    """Explore all traces, within the bounds. rules: all of them, except to show what each is for."""
    return _explored(question, False, rules)


def search_by_source_sets(question: Question, rules: Rules = EVERY_RULE) -> Exploration:
    """The same, in mode "source"."""
    return _explored(question, True, rules)


def _explored(question: Question, brief: bool, rules: Rules) -> Exploration:
    watchdog, numbers = Watchdog(question), count()
    return in_order(
        question.properties, lambda kept: TraceSearch(question, kept, watchdog, brief, rules, next(numbers))
    )


class TraceSearch:
    """One search of all traces, or of a subtree of them (`begin`), with the order of steps that its checks need.

    found: by property, what is wrong and the steps that show it. endings: by how executions end, the distinct states in
    which they do, each with the steps of the first that did (none if that was before the search was resumed).
    more: whether there is an execution to come. length: steps of all executions. elsewhere: wakeup sequences for nodes
    before the root of the subtree, which are for others. before: how many searches were given up before this one, since
    a check asked for more order than they kept (`commuting.visibility`). `close` it when done.
    """

    def __init__(
        self,
        question: Question,
        visibility: Visibility,
        watchdog: Watchdog,
        brief: bool = False,
        rules: Rules = EVERY_RULE,
        before: int = 0,
    ) -> None:
        self.question, self.watchdog, self.brief, self.rules = question, watchdog, brief, rules
        system = question.system
        self.checks = Checks(visibility.properties, system)
        self.tables: Tables[Due] = Tables(system, self.checks.packing, self.checks.due, self.checks.blocked)
        self.local = LocalSteps(system, self.tables, visibility)
        self.descent = Descent(self.local, question.bounds, self._check)
        self.execution = self.descent.execution
        self.races = Races(self.execution, self.local, rules, brief)
        # by step, the steps it races with whose reversal is covered now, but maybe not in executions to come
        self.open: dict[int, list[int]] = {}
        self.elsewhere: list[tuple[int, Labels]] = []
        self.more = True
        self.endings: dict[Ending, dict[int, Steps]] = {"end": {}, "deadlock": {}, "oops": {}, "cut": {}}
        self.executions = self.blocked = self.length = self.depth = 0
        self.found: dict[str, tuple[str, Steps]] = {}
        self._fine: set[int] = set()  # states in which no check of every state finds anything
        self._verdict = cache(self._judged)
        self._pending = cache(lambda state: self.races.pending())
        self._begun = watchdog.seconds
        self.saved = self._saved(before)

    def _saved(self, before: int) -> SavedTraces | None:
        if self.question.save is None:
            return None
        from aprt.explore.saved.traces import SavedTraces  # few searches need it

        return SavedTraces(self.question.save, self, before)

    def close(self) -> None:
        self.tables.close()

    def explore(self) -> Exploration:
        return self._answer(until_stopped(self._search))

    def _search(self) -> str | None:
        try:
            self._record(self.checks.start(self.tables.first))
            if self.saved is None or not self.saved.restore():
                self.begin(WHOLE)
                self._save()
            self.go_on()
            return "max_depth" if self.endings["cut"] else None
        except Unordered:
            if self.saved is not None:
                self.saved.begin_anew()
            raise

    def _save(self) -> None:
        if self.saved is not None:
            self.saved.write()

    def at(self, steps: Labels) -> Steps:
        """Go to where these steps lead; gives them. Raises: `Stop`."""
        self.begin(Subtree(steps))
        return tuple(self.execution.steps)

    def begin(self, subtree: Subtree) -> None:
        """Go to the root of a subtree. Raises: `Stop`."""
        self.descent.begin(subtree)
        self.open, self.elsewhere = {}, []
        self.more = True

    def go_on(self) -> None:
        """Execution after execution, each from the last node that has a branch left, to the end.

        Raises: `Stop`; if that is for a budget, one may go on.
        """
        while self.more:
            try:
                self.descent.go_on()
            except Stop:
                self.length += len(self.execution.steps)
                raise
            self._end()
            self.more = self.descent.back()
            if self.open:
                self._forget(self.descent.fresh)
            if self.saved is not None or not self.watchdog.idle:
                self._look()

    def _forget(self, fresh: int) -> None:
        """What is open only of steps that are still taken: those before number `fresh`."""
        self.open = {position: others for position, others in self.open.items() if others and position < fresh}

    def _look(self) -> None:
        """Between two executions, where the search can be resumed. What is done cannot be cut short."""
        try:
            if self.more:
                self.watchdog.look(self.executions, len(self.descent.seen), self.length, self.depth)
        except Stop:
            self._save()
            raise
        if self.saved is not None and (self.saved.file.due or not self.more):
            self._save()

    def _check(self, step: LocalStep, state: int, successor: int) -> int:
        """Judge a step; the state after it, with the memories of histories moved on."""
        violations: list[Violation] = []
        if step.watch is not None:
            successor, violations = step.watch.look(state, successor)
        if step.judges and successor not in self._fine:
            wrong = violated(self.checks.always, successor)
            violations += wrong
            if not wrong:
                self._fine.add(successor)
        if violations:
            self._record(violations)
        return successor

    def _end(self) -> None:
        """At the end of an execution: what it was, and what its races say there is besides."""
        length = len(self.execution.steps)
        self.executions += 1
        self.length += length
        if length > self.depth:
            self.depth = length
        ending = self._ending()
        plan = self._plan
        self.execution.settle()
        if self.open:
            self._plan_again()
        for race in self.races.of_steps(self.descent.sleeping):
            if not plan(race):
                self.open.setdefault(race.position, []).append(race.node)
        awaited = self.rules.pending if ending != "asleep" else self.rules.asleep
        if awaited and (pending := self._pending(self.descent.states[-1])):
            for race in self.races.of_pending(pending):
                plan(race)

    def _plan_again(self) -> None:
        """Of what is open, whether it is covered in this execution, too."""
        for position, others in self.open.items():
            again = ((e, self.races.between(e, position)) for e in others)
            self.open[position] = [e for e, races in again if not all(map(self._plan, races))]

    def _ending(self) -> Ending | Literal["asleep"]:
        """How the present execution has ended: asleep, if all it could do is covered."""
        state, steps = self.descent.states[-1], self.execution.steps
        cut = len(steps) == self.question.bounds.max_depth
        if steps and steps[-1].oops:
            ending: Ending = "oops"
        elif (cut or self.descent.sleeping[-1]) and not self.descent.ended:
            if not cut:
                self.blocked += 1
                return "asleep"
            ending = "cut"
        else:
            ending, violations = self._verdict(state)
            if violations:
                self._record(violations)
        if state not in self.endings[ending]:
            self.endings[ending][state] = tuple(steps)
        return ending

    def _judged(self, state: int) -> tuple[Ending, list[Violation]]:
        """How an execution ends in a state without steps, and what is wrong with that."""
        waiting = self.tables.waiting(state)
        return ("deadlock", self.checks.deadlock(state, waiting)) if waiting else ("end", self.checks.end(state))

    def _plan(self, race: Race) -> bool:
        """Add what reverses a race to the branches to come, unless it is covered. Whether that is for good."""
        node, descent = race.node, self.descent
        sleeping = descent.sleeping[node]
        if self.brief:
            self._add_initial(self.races.reversed(race), node, sleeping)
            return True
        covered = self.races.covered(race, sleeping, descent.foreign) if sleeping else None
        if covered is not None:
            return covered
        if node < descent.root:
            return self._tell(race, self.races.reversed(race))
        if node not in descent.branches and not self.races.others(race):
            descent.branches[node] = [Branch(race.step)]  # as `insert` does; most often this is all there is to insert
            return True
        sequence, asleep = self.races.reversed(race), sleeping | self.execution.steps[node].sleeper
        first, _ = insert(sequence, descent.branches.setdefault(node, []), asleep, self.local.sleepers)
        return 0 <= first < race.position or first == sequence.end

    def _tell(self, race: Race, sequence: WakeupSequence) -> bool:
        """Likewise where the branches are for others, if they want to know: all of it may have been found before."""
        if not self.descent.elsewhere:
            return False
        (branches, known), left = self.descent.elsewhere[race.node], sequence.left
        first, covered = insert(sequence, branches, EVERYTHING, self.local.sleepers)
        if not covered:
            self.elsewhere.append((race.node, tuple(step.label for step in sequence.steps(members(left)))))
        # others insert it behind the same branch, unless it is a new one: that may be covered by one not known here yet
        return len(branches) == known and (0 <= first < race.position or first == sequence.end)

    def _add_initial(self, sequence: WakeupSequence, node: int, sleeping: int) -> None:
        """Source sets: one of the steps that can come first will do, preferably the last of the sequence."""
        initials, to_come = sequence.steps(sequence.initials()), self.descent.branches.get(node, [])
        known = {self.execution.steps[node].label, *self.local.sleepers.labels(sleeping)}
        known.update(branch.step.label for branch in to_come)
        if known.isdisjoint(step.label for step in initials):
            self.descent.branches[node] = [*to_come, Branch(initials[-1])]

    def _record(self, violations: Iterable[Violation]) -> None:
        """Keep the shortest per property, and stop when one is enough."""
        self.execution.settle()  # that steps commute as declared comes first
        steps = self.execution.steps
        for id, text in violations:
            if id not in self.found or len(steps) < len(self.found[id][1]):
                self.found[id] = text, tuple(steps)
            if self.question.stop_on == "first":
                raise Stop("violation")

    def _answer(self, stopped: str | None) -> Exploration:
        found = sorted(self.found.items(), key=lambda item: len(item[1][1]))
        findings = (Finding(id, text, self.schedule(steps)) for id, (text, steps) in found)
        seconds = self.watchdog.seconds
        return Exploration(
            strategy="dpor:source" if self.brief else "dpor",
            stopped=stopped,
            findings=tuple(findings),
            states=len(self.descent.seen),
            transitions=self.length,
            executions=self.executions,
            depth=max(self.depth, len(self.execution.steps)),
            ends=len(self.endings["end"]),
            deadlocks=len(self.endings["deadlock"]),
            oopses=len(self.endings["oops"]),
            unasked=tuple(sorted(self.checks.unasked)),
            seconds=seconds,
            saved=self.watchdog.saved,
            unmerged=tuple(sorted(self.tables.unmerged)),
            traces=self.executions - self.blocked,
            sleep_blocked=self.blocked,
            wrong=frozenset(self.checks.wrong),
            lock_order=self.checks.order,
            learning=self._begun + self.local.seconds,
            exercise=None if stopped else exercised(self.question, self.tables),
        )

    def schedule(self, steps: Iterable[LocalStep]) -> Schedule:
        """The schedule that takes these steps."""
        return self.tables.schedule(step.number for step in steps)
