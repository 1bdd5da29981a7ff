"""The execution that a search of traces stands at, and what is left to do along it.

A *node* is a place in the execution, before the step of the same number. The search goes down from a node to an end,
and back to the last node with a branch to come: only what differs from the execution before is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

import attrs

from aprt.core.errors import ModelError
from aprt.explore.commuting.local_steps import OPTION_BITS, LocalStep, LocalSteps
from aprt.explore.learned.packing import INITIAL
from aprt.explore.result import Bounds
from aprt.explore.traces.happens_before import Execution
from aprt.explore.traces.wakeup_tree import Branch, Twigs, grown, labels_of
from aprt.explore.watchdog import Stop

Labels: TypeAlias = tuple[int, ...]

_MAX_STEPS = 10_000  # of an execution, where no depth is given
_OPTION = (1 << OPTION_BITS) - 1


@attrs.frozen
class Subtree:
    """All executions that begin with certain steps, but for those that steps which sleep there would begin.

    steps, asleep: labels of steps (`LocalStep`), which mean the same in every process. guide: the branches to begin
    with. foreign: whether it is to be explored without what was found by those that sleep.
    """

    steps: Labels = ()
    asleep: frozenset[int] = frozenset()
    guide: Twigs = ()
    foreign: bool = False


WHOLE: Final = Subtree()


@attrs.frozen
class Parts:
    """What the subtree that is being explored is taken apart into: subtrees that are done and, last, the one that
    is being explored; and the branches to come at the node before that.

    asleep: what sleeps at the nodes from the root to that one: all of it is done.
    """

    begun: tuple[Subtree, ...]
    asleep: tuple[Labels, ...]
    branches: Twigs


class Descent:
    """The execution; per node the packed states, the steps that sleep (`Sleepers`) and the branches to come, if any.

    judge: told of each step that has something to check, with the states before and after it; gives the latter, with
    the memories of histories moved on.
    root: the first node with branches, until `leave` moves it on. elsewhere: of each node before it the branches that
    are explored after the subtree, as far as known, and how many of them are known to others. foreign: what sleeps
    where the subtree begins, if it is `Subtree.foreign`. inherited: what has slept at the root from the beginning.
    fresh: the first step that differs from the execution before. seen: the distinct states, with their numbers.
    """

    def __init__(self, local: LocalSteps, bounds: Bounds, judge: Callable[[LocalStep, int, int], int]) -> None:
        self.execution = Execution(local)
        self.states = [INITIAL]
        self.sleeping = [0]
        self.branches: dict[int, list[Branch]] = {}
        self.root = self.fresh = 0
        self.foreign = self.inherited = 0
        self.elsewhere: list[tuple[list[Branch], int]] = []
        self.seen = {INITIAL: 0}
        self._first: dict[int, LocalStep | None] = {}  # by state: the first step that is possible, as far as known
        self._local, self._bounds, self._judge = local, bounds, judge

    def begin(self, subtree: Subtree) -> None:
        """Go to the root of a subtree, from where the execution leaves the way there. Raises: `Stop`."""
        shared = 0
        for step, label in zip(self.execution.steps, subtree.steps, strict=False):
            if step.label != label:
                break
            shared += 1
        self._cut(shared)
        for label in subtree.steps[shared:]:
            self._take(label)
        self.root = self.fresh = len(subtree.steps)
        self.inherited = self.asleep(-1, subtree.asleep)
        self.foreign = self.inherited if subtree.foreign else 0
        self.sleeping = [*[0] * self.root, self.inherited]
        self.branches = {self.root: self.tree(self.root, subtree.guide)} if subtree.guide else {}

    def know(self, asleep: Sequence[Labels]) -> None:
        """What is explored before the subtree, by node before the root."""
        self.sleeping[: self.root] = [self.asleep(node, labels) for node, labels in enumerate(asleep)]

    def go_on(self) -> None:
        """From the last node to an end: along its branch, and then by any step that does not sleep. Raises: `Stop`.

        One function, names that are local: this is where half of the time of a search goes.
        """
        rows, asleep, seen, steps, nodes = (
            self._local.rows,
            self._local.sleepers.after,
            self.seen,
            self.execution.steps,
            self.execution.nodes,
        )
        most, limit = self._bounds.max_states, self._bounds.max_depth
        if not rows or (steps and steps[-1].oops):  # as the root of a subtree may be
            return
        node, sleeping, state = nodes[-1], self.sleeping[-1], self.states[-1]
        branches, place = self.branches.pop(len(steps), []), 0
        for position in range(len(steps), _MAX_STEPS if limit is None else limit):
            if branches:
                branch = branches.pop(0)
                if branches:
                    self.branches[position] = branches
                named, branches = branch.step, branch.branches
                # the same step, unless changes of its actor commute
                step = named if isinstance(named, LocalStep) and named.plain else self._labelled(named.label)
            else:
                slot, options = rows[place][node[place]]
                possible = options[node[slot]]
                awake = possible[0] if possible and not possible[0].sleeper & sleeping else self._awake(state, sleeping)
                if awake is None:
                    return
                step = awake
            place = step.place
            node = node.copy()  # as `Execution.push` does
            node[place], node[step.slot] = step.next_control, step.next_value
            steps.append(step)
            nodes.append(node)
            if sleeping:
                sleeping = asleep(sleeping, step.kind, place)
            self.sleeping.append(sleeping)
            state = self._judge(step, state, state + step.delta) if step.checked else state + step.delta
            self.states.append(state)
            if state not in seen:
                if len(seen) == most:
                    raise Stop("max_states")
                seen[state] = len(seen)
            if step.oops:
                return
        if limit is None:
            raise Stop("endless")

    def back(self) -> bool:
        """Go back to the last node with a branch to come: the step there sleeps from now on. Whether there is one."""
        if not self.branches:
            return False
        node = self.fresh = max(self.branches)
        step = self.execution.steps[node]
        self._cut(node)
        self.sleeping[node] |= step.sleeper
        return True

    def _cut(self, node: int) -> None:
        self.execution.cut(node)
        del self.states[node + 1 :], self.sleeping[node + 1 :]

    @property
    def ended(self) -> bool:
        """Whether no step is possible at the last node, whatever sleeps there."""
        steps = self.execution.steps
        return bool(steps and steps[-1].oops) or self._awake(self.states[-1], 0) is None

    def leave(self) -> Parts | None:
        """Leave to others the branches to come at the first node that has any, between two executions. None if there is
        none, or if the next execution begins there.
        """
        node, steps, sleepers = min(self.branches, default=None), self.execution.steps, self._local.sleepers
        if node is None or node == len(steps):
            return None
        asleep, begun, labels = self.inherited, list[Subtree](), list[Labels]()
        for number in range(self.root, node + 1):
            now = self.sleeping[number]
            begun += self._begun(number, sleepers.labels(now & ~asleep), asleep)
            labels.append(tuple(sleepers.labels(now)))
            asleep = sleepers.after(now, steps[number].kind, steps[number].place)
        begun += self._begun(node, [steps[node].label], self.sleeping[node])
        branches = labels_of(self.branches.pop(node))
        self.root, self.inherited = node + 1, asleep
        return Parts(tuple(begun), tuple(labels), branches)

    def _begun(self, node: int, labels: Iterable[int], sleeping: int) -> list[Subtree]:
        """Subtrees that were begun with these steps at a node, one after the other, where others sleep."""
        sleepers, found = self._local.sleepers, list[Subtree]()
        before = tuple(step.label for step in self.execution.steps[:node])
        for label in labels:
            step = self.at(node, label)
            asleep = sleepers.after(sleeping, step.kind, step.place)
            found.append(Subtree((*before, label), frozenset(sleepers.labels(asleep)), foreign=True))
            sleeping |= step.sleeper
        return found

    def asleep(self, node: int, labels: Iterable[int]) -> int:
        """The set of the steps with these labels at a node."""
        return sum({self.at(node, label).sleeper for label in labels})

    def tree(self, node: int, told: Twigs) -> list[Branch]:
        """The branches at a node of which others tell."""
        ways, steps = [self.execution.nodes[node]], list[tuple[int, LocalStep]]()
        for depth, label in told:
            del ways[depth + 1 :]
            numbers = ways[depth].copy()
            step = self._option(numbers, label)
            numbers[step.place], numbers[step.slot] = step.next_control, step.next_value
            ways.append(numbers)
            steps.append((depth, step))
        return grown(steps)

    def _take(self, label: int) -> LocalStep:
        """Take the step with this label at the last node."""
        step = self._labelled(label)
        self.execution.push(step)
        self.states.append(self._after(step))
        return step

    def _after(self, step: LocalStep) -> int:
        """The state after a step out of the last state."""
        state = self.states[-1]
        return self._judge(step, state, state + step.delta) if step.checked else state + step.delta

    def _labelled(self, label: int) -> LocalStep:
        """The step with this label at the last node."""
        return self.at(-1, label)

    def at(self, node: int, label: int) -> LocalStep:
        """The step with this label at a node."""
        return self._option(self.execution.nodes[node], label)

    def _option(self, numbers: Sequence[int], label: int) -> LocalStep:
        """The step with this label where the fields of the state are these."""
        possible, option = self._options(label >> OPTION_BITS, numbers), label & _OPTION
        if option >= len(possible):
            raise ModelError("a step is not possible in an order that handlers declare to be one")
        return possible[option]

    def _awake(self, state: int, sleeping: int) -> LocalStep | None:
        """The first step at the last node, which has this state, that does not sleep."""
        if state not in self._first:
            self._first[state] = self._next(0, 0)
        first = self._first[state]
        if first is None or not first.sleeper & sleeping:
            return first
        return self._next(first.place, sleeping)

    def _next(self, place: int, sleeping: int) -> LocalStep | None:
        """The first step at the last node, by the context in that place or one behind it, that does not sleep."""
        node = self.execution.nodes[-1]
        for rows, number in zip(self._local.rows[place:], node[place:], strict=False):
            slot, options = rows[number]
            for step in options[node[slot]]:
                if not step.sleeper & sleeping:
                    return step
        return None

    def _options(self, place: int, numbers: Sequence[int]) -> tuple[LocalStep, ...]:
        """What a context can do where the fields of the state are these."""
        slot, options = self._local.rows[place][numbers[place]]
        return options[numbers[slot]]
