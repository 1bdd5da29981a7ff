"""Strategy "dpor": every Mazurkiewicz trace once, depth first, by Optimal-DPOR.

Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", Journal of
the ACM 64(4), 2017, algorithm 2: executions that differ only in the order of independent steps are one trace. One
execution is run to its end; then its races say what else there is (`explore.races`), which is kept in wakeup trees
(`explore.wakeup_tree`). Sleep sets (Godefroid, LNCS 1032, 1996) hold what is covered already. No execution is begun in
vain, and only what differs from the execution before is executed.

Mode "source" is their algorithm 1 with source sets instead of wakeup trees: simpler, but some executions find in the
end that all they could do is covered (they are *sleep set blocked*).

Complete for what is checked (`explore.visibility`). Behaviours that loop for ever have executions without end: they
need `max_depth`. The schedule of a finding is the shortest that was met, not the shortest there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from aprt.core.errors import ModelError
from aprt.core.execution import Ending
from aprt.core.exercise import unexercised
from aprt.core.properties import Finding
from aprt.core.schedule import Schedule
from aprt.explore.checks import Checks, Note, Violation, violated
from aprt.explore.exercised import exercised
from aprt.explore.happens_before import Execution
from aprt.explore.local_steps import OPTION_BITS, LocalStep, LocalSteps
from aprt.explore.packing import INITIAL
from aprt.explore.races import EVERY_RULE, Race, Races, Rules
from aprt.explore.result import Exploration, Question
from aprt.explore.tables import Tables
from aprt.explore.visibility import Unordered, Visibility, in_order
from aprt.explore.wakeup_tree import Branch, WakeupSequence, insert
from aprt.explore.watchdog import Stop, Watchdog

if TYPE_CHECKING:
    from aprt.explore.saved.traces import SavedTraces

_MAX_STEPS = 10_000  # of an execution, where no depth is given
_NONE: Sequence[int] = ()

Steps: TypeAlias = tuple[LocalStep, ...]


@attrs.frozen
class Subtree:
    """All executions that begin with certain steps, but for those that steps which sleep there would begin.

    steps, asleep: labels of steps (`LocalStep`), which mean the same in every process.
    """

    steps: tuple[int, ...] = ()
    asleep: frozenset[int] = frozenset()


WHOLE: Final = Subtree()


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
    """A node is a place in the present execution, before the step of the same number. For each there are: the packed
    state, the steps that sleep (label to kind), and the branches to come. root: the first one with branches.
    foreign: what sleeps there.

    found: by property, what is wrong and the steps that show it. endings: by how executions end, the distinct states
    in which they do, each with the steps of the first that did (none where that was in a search that is resumed).
    seen: the distinct states, with their numbers. more: whether there is an execution to come.
    before: how many searches were begun, with less order, and given up.
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
        self.tables: Tables[Note] = Tables(system, self.checks.packing, self.checks.note, self.checks.blocked)
        self.local = LocalSteps(system, self.tables, visibility)
        self.execution = Execution(self.local)
        self.races = Races(self.execution, self.local, rules, brief)
        self.states = [INITIAL]
        self.sleeping: list[Mapping[int, int]] = [{}]
        self.branches: list[list[Branch]] = [[]]
        self.root = 0
        self.foreign = WHOLE.asleep
        self.fresh = 0  # the first step that differs from the execution before
        # for each step, those it races with, where what reverses that may be covered in this execution only
        self.open: list[Sequence[int]] = []
        self.seen = {INITIAL: 0}
        self.more = True
        self.endings: dict[Ending, dict[int, Steps]] = {"end": {}, "deadlock": {}, "oops": {}, "cut": {}}
        self.executions = self.blocked = self.depth = 0
        self.taken_back = 0  # steps, all in all
        self.found: dict[str, tuple[str, Steps]] = {}
        self._waiting = cache(self.tables.waiting)
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
        stopped = None
        try:
            self._record(self.checks.start(self.tables.first))
            if self.saved is None or not self.saved.restore():
                self.begin(WHOLE)
                self._save()
            self._go_through()
            stopped = "max_depth" if self.endings["cut"] else None
        except Unordered:
            if self.saved is not None:
                self.saved.begin_anew()
            raise
        except Stop as stop:
            stopped = stop.reason
        except KeyboardInterrupt:
            stopped = "interrupted"
        return self._answer(stopped)

    def _save(self) -> None:
        if self.saved is not None:
            self.saved.write()

    def at(self, steps: tuple[int, ...]) -> Steps:
        """Go to where these steps lead; gives them. Raises: `Stop`."""
        self.begin(Subtree(steps))
        return tuple(self.execution.steps)

    def begin(self, subtree: Subtree) -> None:
        """Go to the root of a subtree. Raises: `Stop`."""
        self.taken_back += len(self.execution.steps)
        self.execution.cut(0)
        for per_node in (self.states, self.sleeping, self.branches):
            del per_node[1:]
        self.sleeping[0], self.branches[0] = {}, []
        for label in subtree.steps:
            step = self._labelled(label)
            self.execution.push(step)
            self.states.append(self._check(step, self.states[-1] + step.delta))
            self.sleeping.append({})
            self.branches.append([])
        self.open = [_NONE for _ in subtree.steps]
        self.more = True
        self.root = self.fresh = len(subtree.steps)
        self.foreign = subtree.asleep
        self.sleeping[-1] = {label: self._labelled(label).kind for label in subtree.asleep}

    def children(self, subtree: Subtree) -> list[Subtree] | None:
        """Subtrees that make up a subtree, one step longer; None when its root is the end of an execution.

        What a later one begins with sleeps in none before it. A step that sleeps and is never woken, since little
        depends on it, ends executions in vain: so those come last. Raises: `Stop`.
        """
        self.begin(subtree)
        steps, sleeping = self.execution.steps, dict(self.sleeping[-1])
        possible = [step for place in range(len(self.local.rows)) for step in self._options(place)]
        if not possible or (steps and steps[-1].oops):
            return None
        found = []
        for step in sorted(possible, key=self.local.rivals)[::-1]:
            if step.label not in sleeping:
                found.append(Subtree((*subtree.steps, step.label), frozenset(self._asleep(sleeping, step))))
                sleeping[step.label] = step.kind
        return found

    def run(self, subtree: Subtree) -> None:
        """Execution after execution, each from the last node that has a branch left. Raises: `Stop`."""
        self.begin(subtree)
        self._go_through()

    def _go_through(self) -> None:
        while self.more:
            self._go_on()
            self._end()
            self.more = self._back()
            self._look()

    def _look(self) -> None:
        """Between two executions, where the search can be resumed. What is done cannot be cut short."""
        try:
            if self.more:
                self.watchdog.look(self.executions, len(self.seen), self.taken, self.depth)
        except Stop:
            self._save()
            raise
        if self.saved is not None and (self.saved.file.due or not self.more):
            self._save()

    def _go_on(self) -> None:
        """From the last node to an end: along its branch, and then by any step that does not sleep.

        One function, names that are local: this is where half of the time goes.
        """
        execution, rows, seen, states = self.execution, self.local.rows, self.seen, self.states
        steps, nodes, push = execution.steps, execution.nodes, execution.push
        all_branches, all_sleeping = self.branches, self.sleeping
        most, limit = self.question.bounds.max_states, self.question.bounds.max_depth
        limit = _MAX_STEPS if limit is None else limit
        if steps and steps[-1].oops:  # as the root of a subtree may be
            return
        place = 0
        while len(steps) < limit:
            node, branches, sleeping = nodes[-1], all_branches[-1], all_sleeping[-1]
            behind: list[Branch] = []
            if branches:
                branch = branches.pop(0)
                step = self._labelled(branch.label)
                behind = branch.branches
            else:
                slot, options = rows[place][node[place]]
                possible = options[node[slot]]
                awake = possible[0] if possible and possible[0].label not in sleeping else self._awake()
                if awake is None:
                    return
                step = awake
            push(step)
            all_branches.append(behind)
            all_sleeping.append(self._asleep(sleeping, step) if sleeping else sleeping)
            state = states[-1] + step.delta
            if step.watch is not None or step.judges:
                state = self._check(step, state)
            states.append(state)
            if state not in seen:
                if len(seen) == most:
                    raise Stop("max_states")
                seen[state] = len(seen)
            if step.oops:
                return
            place = step.place
        if self.question.bounds.max_depth is None:
            raise Stop("endless")

    def _check(self, step: LocalStep, successor: int) -> int:
        """Judge a step; the state after it, with the memories of histories moved on."""
        violations: list[Violation] = []
        if step.watch is not None:
            successor, violations = step.watch.look(self.states[-1], successor)
        self._record([*violations, *violated(step.judges, successor)])
        return successor

    def _labelled(self, label: int) -> LocalStep:
        """The step with this label at the last node."""
        options = self._options(label >> OPTION_BITS)
        option = label & ((1 << OPTION_BITS) - 1)
        if option >= len(options):
            raise ModelError("a step is not possible in an order that handlers declare to be one")
        return options[option]

    def _awake(self) -> LocalStep | None:
        """A step at the last node that does not sleep."""
        sleeping, node = self.sleeping[-1], self.execution.nodes[-1]
        for place, rows in enumerate(self.local.rows):
            slot, options = rows[node[place]]
            for step in options[node[slot]]:
                if step.label not in sleeping:
                    return step
        return None

    def _asleep(self, sleeping: Mapping[int, int], step: LocalStep) -> Mapping[int, int]:
        """What still sleeps after a step."""
        meets = self.local.kinds.meets[step.kind]
        return {q: kind for q, kind in sleeping.items() if not meets >> kind & 1 and q >> OPTION_BITS != step.place}

    def _options(self, place: int) -> tuple[LocalStep, ...]:
        """What a context can do at the last node."""
        node = self.execution.nodes[-1]
        slot, options = self.local.rows[place][node[place]]
        return options[node[slot]]

    def _end(self) -> None:
        """At the end of an execution: what it was, and what its races say there is besides."""
        length = len(self.execution.steps)
        self.executions += 1
        self.depth = max(self.depth, length)
        ending = self._ending()
        for position in range(self.fresh):
            if self.open[position]:
                again = ((e, self.races.between(e, position)) for e in self.open[position])
                self.open[position] = [e for e, races in again if not all(map(self._plan, races))]
        for position in range(self.fresh, length):
            races = self.races.of_step(position)
            self.open.append([race.node for race in races if not self._plan(race)] if races else _NONE)
        if self.rules.pending if ending != "asleep" else self.rules.asleep:
            for race in self.races.of_pending():
                self._plan(race)

    def _ending(self) -> Ending | Literal["asleep"]:
        """How the present execution has ended: asleep, if all it could do is covered."""
        state, steps = self.states[-1], self.execution.steps
        cut = len(steps) == self.question.bounds.max_depth
        if steps and steps[-1].oops:
            ending: Ending = "oops"
        elif (cut or self.sleeping[-1]) and any(map(self._options, range(len(self.local.rows)))):
            if not cut:
                self.blocked += 1
                return "asleep"
            ending = "cut"
        elif waiting := self._waiting(state):
            ending = "deadlock"
            self._record(self.checks.deadlock(state, waiting))
        else:
            ending = "end"
            self._record(self.checks.end(state))
        self.endings[ending].setdefault(state, tuple(steps))
        return ending

    def _plan(self, race: Race) -> bool:
        """Add what reverses a race to the branches to come, unless it is covered. Whether that is for good."""
        node = race.node
        if node < self.root:
            return True
        sleeping, branches = self.sleeping[node], self.branches[node]
        if self.brief:
            self._add_initial(self.races.reversed(race), node)
            return True
        if sleeping and self.races.initial(race, sleeping):
            return True
        return insert(self.races.reversed(race), sleeping, self.foreign, branches, race.position)

    def _add_initial(self, sequence: WakeupSequence, node: int) -> None:
        """Source sets: one of the steps that can come first will do, preferably the last of the sequence."""
        initials = [sequence.steps[i] for i in sequence.initials()]
        known = {branch.label for branch in self.branches[node]} | self.sleeping[node].keys()
        known.add(self.execution.steps[node].label)
        if known.isdisjoint(step.label for step in initials):
            self.branches[node].append(Branch(initials[-1].label, initials[-1].kind))

    def _back(self) -> bool:
        """Go back to the last node with a branch to come. Whether there is one."""
        for node in reversed(range(self.root, len(self.execution.steps))):
            if self.branches[node]:
                step = self.execution.steps[node]
                self.taken_back += len(self.execution.steps) - node
                self.execution.cut(node)
                for per_node in (self.states, self.sleeping, self.branches):
                    del per_node[node + 1 :]
                del self.open[node:]
                self.sleeping[node] = {**self.sleeping[node], step.label: step.kind}
                self.fresh = node
                return True
        return False

    def _record(self, violations: Iterable[Violation]) -> None:
        """Keep the shortest per property, and stop when one is enough."""
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
        exercise = None if stopped else exercised(self.question, self.tables)
        return Exploration(
            strategy="dpor:source" if self.brief else "dpor",
            complete=stopped is None,
            stopped=stopped,
            findings=tuple(findings),
            states=len(self.seen),
            transitions=self.taken,
            executions=self.executions,
            depth=max(self.depth, len(self.execution.steps)),
            ends=len(self.endings["end"]),
            deadlocks=len(self.endings["deadlock"]),
            oopses=len(self.endings["oops"]),
            seconds=seconds,
            unmerged=tuple(sorted(self.tables.unmerged)),
            traces=self.executions - self.blocked,
            sleep_blocked=self.blocked,
            wrong=frozenset(self.checks.wrong),
            lock_order=self.checks.order,
            learning=self._begun + self.local.seconds,
            unexercised=None if exercise is None else unexercised(self.question.properties, exercise, self.found),
            exercise=exercise,
        )

    @property
    def taken(self) -> int:
        """Steps, all in all."""
        return self.taken_back + len(self.execution.steps)

    def schedule(self, steps: Iterable[LocalStep]) -> Schedule:
        """The schedule that takes these steps."""
        return self.tables.schedule(step.number for step in steps)
