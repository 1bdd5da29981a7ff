"""The execution that a search of traces stands at, and what is left to do along it.

A *node* is a place in the execution, before the step of the same number. The search goes down from a node to an end,
and back to the last node with a branch to come: only what differs from the execution before is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import attrs

from aprt.core.errors import ModelError
from aprt.explore.commuting.local_steps import OPTION_BITS, LocalStep, LocalSteps
from aprt.explore.learned.packing import INITIAL
from aprt.explore.result import Bounds
from aprt.explore.traces.happens_before import Execution
from aprt.explore.traces.wakeup_tree import Branch
from aprt.explore.watchdog import Stop

_MAX_STEPS = 10_000  # of an execution, where no depth is given
_OPTION = (1 << OPTION_BITS) - 1


@attrs.frozen
class Subtree:
    """All executions that begin with certain steps, but for those that steps which sleep there would begin.

    steps, asleep: labels of steps (`LocalStep`), which mean the same in every process.
    """

    steps: tuple[int, ...] = ()
    asleep: frozenset[int] = frozenset()


WHOLE: Final = Subtree()


class Descent:
    """The execution; per node the packed states, the steps that sleep (`Sleepers`) and the branches to come, if any.

    judge: told of each step that has something to check, with the states before and after it; gives the latter, with
    the memories of histories moved on.
    root: the first node with branches, until `leave` moves it on. foreign: what sleeps where the subtree begins, since
    others explore it. inherited: what has slept at the root from the beginning. fresh: the first step that differs from
    the execution before. seen: the distinct states, with their numbers. taken_back: how many steps were cut off.
    """

    def __init__(self, local: LocalSteps, bounds: Bounds, judge: Callable[[LocalStep, int, int], int]) -> None:
        self.execution = Execution(local)
        self.states = [INITIAL]
        self.sleeping = [0]
        self.branches: dict[int, list[Branch]] = {}
        self.root = self.fresh = 0
        self.foreign = self.inherited = 0
        self.seen = {INITIAL: 0}
        self.taken_back = 0
        self._over: set[int] = set()  # states without steps, as far as known
        self._local, self._bounds, self._judge = local, bounds, judge

    @property
    def taken(self) -> int:
        """Steps, all in all."""
        return self.taken_back + len(self.execution.steps)

    def begin(self, subtree: Subtree) -> None:
        """Go to the root of a subtree, from where the execution leaves the way there. Raises: `Stop`."""
        shared = 0
        for step, label in zip(self.execution.steps, subtree.steps, strict=False):
            if step.label != label:
                break
            shared += 1
        self._cut(shared)
        for label in subtree.steps[shared:]:
            step = self._labelled(label)
            self.execution.push(step)
            self.states.append(self._after(step))
        self.branches = {}
        self.root = self.fresh = len(subtree.steps)
        self.foreign = self.inherited = sum(self._labelled(label).sleeper for label in subtree.asleep)
        self.sleeping = [*[0] * self.root, self.foreign]

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
        if steps and steps[-1].oops:  # as the root of a subtree may be
            return
        node, sleeping, state = nodes[-1], self.sleeping[-1], self.states[-1]
        branches, place = self.branches.pop(len(steps), []), 0
        for position in range(len(steps), _MAX_STEPS if limit is None else limit):
            if branches:
                branch = branches.pop(0)
                if branches:
                    self.branches[position] = branches
                named = branch.steps.pop()
                # the same step, unless changes of its actor commute
                step = named if isinstance(named, LocalStep) and named.plain else self._labelled(named.label)
                branches = [branch] if branch.steps else branch.branches
            else:
                slot, options = rows[place][node[place]]
                possible = options[node[slot]]
                awake = possible[0] if possible and not possible[0].sleeper & sleeping else self._awake()
                if awake is None:
                    return
                step = awake
            place = step.place
            node = node.copy()  # as `Execution.push` does
            node[place], node[step.slot] = step.after, step.then
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
        self.taken_back += len(self.execution.steps) - node
        self.execution.cut(node)
        del self.states[node + 1 :], self.sleeping[node + 1 :]

    @property
    def ended(self) -> bool:
        """Whether no step is possible at the last node, whatever sleeps there."""
        steps, state = self.execution.steps, self.states[-1]
        if state not in self._over and not any(map(self._options, range(len(self._local.rows)))):
            self._over.add(state)
        return state in self._over or bool(steps and steps[-1].oops)

    def children(self, subtree: Subtree) -> list[Subtree] | None:
        """Subtrees that make up a subtree, one step longer; None when its root is the end of an execution.
        Raises: `Stop`.
        """
        self.begin(subtree)
        return None if self.ended else self._beside(self.root, self._possible(self.root), self.sleeping[-1])

    def parts(self) -> tuple[list[Subtree], list[Subtree]] | None:
        """What the subtree that is being explored can be taken apart into, between two executions: subtrees that are
        done or being done, and those that are not begun.

        None when the next execution begins at the root, or when no race is known that would have another one begin
        there: what is beside may all be covered then, and would be explored in vain.
        """
        root, steps, taken = self.root, self.execution.steps, self.sleeping[self.root]
        if len(steps) == root or root not in self.branches:
            return None
        here = steps[root]
        done = [self._at(root, label) for label in self._local.sleepers.labels(taken & ~self.inherited)]
        begun = self._beside(root, [*done, here], taken & self.inherited)
        return begun, self._beside(root, self._possible(root), taken | here.sleeper)

    def leave(self) -> None:
        """Leave it to others what is not begun, as `parts` says: all of what is beside the present step at the root."""
        root, step = self.root, self.execution.steps[self.root]
        self.branches.pop(root, None)
        self.inherited = self._local.sleepers.after(self.sleeping[root], step.kind, step.place)
        self.root += 1

    def _beside(self, node: int, steps: Iterable[LocalStep], sleeping: int) -> list[Subtree]:
        """Subtrees that begin with these steps at a node, but for those that sleep. What a later one begins with
        sleeps in none before it.
        """
        sleepers = self._local.sleepers
        before, found = tuple(step.label for step in self.execution.steps[:node]), list[Subtree]()
        for step in steps:
            if not step.sleeper & sleeping:
                asleep = sleepers.after(sleeping, step.kind, step.place)
                found.append(Subtree((*before, step.label), frozenset(sleepers.labels(asleep))))
                sleeping |= step.sleeper
        return found

    def _possible(self, node: int) -> list[LocalStep]:
        """What is possible at a node. A step that sleeps and is never woken, since little depends on it, ends
        executions in vain: so those come last.
        """
        possible = [step for place in range(len(self._local.rows)) for step in self._options(place, node)]
        return sorted(possible, key=self._local.rivals)[::-1]

    def _after(self, step: LocalStep) -> int:
        """The state after a step out of the last state."""
        state = self.states[-1]
        return self._judge(step, state, state + step.delta) if step.checked else state + step.delta

    def _labelled(self, label: int) -> LocalStep:
        """The step with this label at the last node."""
        return self._at(-1, label)

    def _at(self, node: int, label: int) -> LocalStep:
        """The step with this label at a node."""
        possible, option = self._options(label >> OPTION_BITS, node), label & _OPTION
        if option >= len(possible):
            raise ModelError("a step is not possible in an order that handlers declare to be one")
        return possible[option]

    def _awake(self) -> LocalStep | None:
        """A step at the last node that does not sleep."""
        if self.states[-1] in self._over:
            return None
        sleeping, node, over = self.sleeping[-1], self.execution.nodes[-1], True
        for rows, number in zip(self._local.rows, node, strict=False):
            slot, options = rows[number]
            for step in options[node[slot]]:
                if not step.sleeper & sleeping:
                    return step
                over = False
        if over:
            self._over.add(self.states[-1])
        return None

    def _options(self, place: int, node: int = -1) -> tuple[LocalStep, ...]:
        """What a context can do at a node."""
        numbers = self.execution.nodes[node]
        slot, options = self._local.rows[place][numbers[place]]
        return options[numbers[slot]]
