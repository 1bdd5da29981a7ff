"""A failing execution as a trace: its steps, which of them depend on each other, and which led to the failure.

An oops ends everything, but what made it one is the actor that was touched: its order with steps on others counts for
nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from aprt.core.errors import UserError
from aprt.core.properties import Property
from aprt.core.schedule import Label
from aprt.core.system import System
from aprt.explore.checking.checks import Due
from aprt.explore.commuting.local_steps import OPTION_BITS, LocalStep, LocalSteps
from aprt.explore.commuting.visibility import Unordered, Visibility
from aprt.explore.failures.failing import Failure, Played, Playground
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Move
from aprt.explore.traces.happens_before import Execution


class FailingTrace:
    """execution: the steps of `played`, as a search of traces takes them. labels: the same steps in its schedule.

    failure: how it fails. words: what its last step violates, if that is how.
    pending: if it ends in a deadlock, what contexts wait for then; numbered as if they were steps behind the last one.
    """

    def __init__(self, ground: Playground, played: Played, visibility: Visibility) -> None:
        self._ground, self.failure, self.words = ground, played.failure, frozenset[str]()
        self.labels = ground.schedule(played.steps).labels
        self.local = LocalSteps(ground.system, ground.tables, visibility)
        self.execution = Execution(self.local)
        self._places = {context.name: place for place, context in enumerate(ground.system.contexts)}
        state = INITIAL
        for number in played.steps:
            step = self._numbered(number)
            self.execution.push(step)
            self.words = ground.words(state, _move(step))
            state, _, _ = take(ground, state, step)
        self.execution.settle()
        self.pending = self._waiting(state) if played.failure == "deadlock" else ()

    def __len__(self) -> int:
        return len(self.labels)

    def causes(self) -> list[int]:
        """The steps that happened before the failure: all of them, unless a step is what fails."""
        last = len(self) - 1
        if not isinstance(self.failure, tuple):
            return list(range(len(self)))
        past = 1 << last | self._program(last)
        for i in self.earlier(last):
            past |= self.execution.clocks[i]
        return [i for i in range(len(self)) if past >> i & 1]

    def earlier(self, position: int) -> list[int]:
        """The steps of other contexts that the one at `position` depends on and comes after, and those right before it
        in happens-before.
        """
        execution, step = self.execution, self.execution.steps[position]
        others = [i for i in range(position) if execution.steps[i].place != step.place]
        if step.oops:
            return [i for i in others if execution.steps[i].slot == step.slot]
        meets = self.local.kinds.meets[step.kind]
        joined = nearest = execution.clocks[position] & ~(self._program(position) | 1 << position)
        for i in others:
            if joined >> i & 1:
                nearest &= ~(execution.clocks[i] ^ 1 << i)
        return [i for i in others if meets >> execution.steps[i].kind & 1 or nearest >> i & 1]

    def unsettled(self, position: int) -> list[int]:
        """Those of `earlier` that do not happen before the step's own context comes to it."""
        program = self._program(position)
        return [i for i in self.earlier(position) if not program >> i & 1]

    def waited_for(self, pending: Label) -> list[int]:
        """The steps of other contexts that changed what a pending step waits for."""
        place = self._places[pending.context]
        slot, _ = self.local.rows[place][self.execution.nodes[-1][place]]
        steps = self.execution.steps
        return [i for i, s in enumerate(steps) if s.slot == slot and s.place != place and s.next_value != s.value]

    def step(self, state: int, label: int) -> LocalStep:
        """The step with that label (`LocalStep`) in a state."""
        numbers, place = self._ground.tables.packing.numbers(state), label >> OPTION_BITS
        slot, options = self.local.rows[place][numbers[place]]
        return options[numbers[slot]][label & ((1 << OPTION_BITS) - 1)]

    def options(self, position: int) -> int:
        """Among how many steps the context of a step could choose."""
        step = self.execution.steps[position]
        return len(self.local.rows[step.place][step.control][1][step.value])

    def context(self, step: LocalStep) -> str:
        """The name of the context that takes a step."""
        return self._ground.system.contexts[step.place].name

    def _program(self, position: int) -> int:
        """What happened before the step before, in the same context; that one included."""
        return self.execution.program(self.execution.steps[position].place, position)

    def _numbered(self, number: int) -> LocalStep:
        """The step with that number in the tables, at the last node."""
        place = self._places[self._ground.label(number).context]
        node = self.execution.nodes[-1]
        slot, options = self.local.rows[place][node[place]]
        return next(step for step in options[node[slot]] if step.number == number)

    def _waiting(self, state: int) -> tuple[Label, ...]:
        seen = Counter((label.context, label.op) for label in self.labels)
        return tuple(Label(name, op, seen[name, op] + 1) for name, op in self._ground.tables.waiting(state))


def take(ground: Playground, state: int, step: LocalStep) -> tuple[int, Failure | None, bool]:
    """As `Playground.take`."""
    return ground.take(state, _move(step))


def _move(step: LocalStep) -> Move[Due]:
    return step.delta, step.number, (step.watch, step.judges)


def seen_by(system: System, property: Property, schedule: Iterable[Label]) -> Visibility:
    """What the checks of a property must see in order, as far as that shows along a schedule; nothing where they look
    at everything."""
    labels = tuple(schedule)
    try:
        visibility = Visibility((property,))
        while True:
            ground = Playground(system, visibility.properties[0])
            try:
                ground.play(labels)
                return visibility
            except Unordered as unordered:
                visibility = visibility.wider(unordered)
            finally:
                ground.close()
    except UserError:
        return Visibility()
