"""Following a schedule that was written down, in a system that may have changed since.

What was written down are *goals*: "let this context go on until it does that". Steps on the way to a goal are not
named, so a schedule outlives changes of the model that do not concern where contexts switch. Where a context has a
choice, the schedule has to name the option.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

import attrs

from aprt.core.errors import ReplayMismatch
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System

_PATIENCE = 1_000  # steps on the way to one goal before it counts as out of reach


@attrs.frozen
class Goal:
    """A step that `context` is to go on to: the first one that `reached` accepts.

    words: names that step for people, given the operations that were done so far.
    """

    context: str
    reached: Callable[[Label], bool]
    words: Callable[[Counter[tuple[str, str]]], str]

    @classmethod
    def of(cls, label: Label, place: str = "") -> Goal:
        """The step with this very label. place: where it was written down, in words."""
        words = f"{label.step} ({place})" if place else label.step
        return cls(label.context, lambda other: other == label, lambda seen: words)


class Stepper(Protocol):
    """What `follow` needs of a driver: a system in some state, and a step at a time."""

    def options(self, context: str) -> tuple[str, ...]:
        """The operations that `context` can do now: none when it blocks or is done, several for a choice."""

    def step(self, context: str, op: str) -> None:
        """Do one of them."""


def follow(goals: Iterable[Goal], system: System, stepper: Stepper) -> Schedule:
    """Step `stepper` from goal to goal, from the initial state of `system`, and say which steps that took.

    Raises: `ReplayMismatch` where a goal is out of reach.
    """
    seen: Counter[tuple[str, str]] = Counter()
    labels: list[Label] = []
    contexts = [context.name for context in system.contexts]

    def differs(goal: Goal, reason: str) -> ReplayMismatch:
        enabled = tuple(str(Label(name, op, seen[name, op] + 1)) for name in contexts for op in stepper.options(name))
        return ReplayMismatch(len(labels), f"{goal.context} to go on to {goal.words(seen)}, {reason}", enabled)

    for goal in goals:
        name = goal.context
        if name not in contexts:
            raise differs(goal, "but there is no such context")
        for _ in range(_PATIENCE):
            candidates = [Label(name, op, seen[name, op] + 1) for op in stepper.options(name)]
            wanted = [label for label in candidates if goal.reached(label)]
            if not candidates:
                raise differs(goal, "but it blocks or is done")
            if not wanted and len(candidates) > 1:
                raise differs(goal, "but it has a choice to make before")
            label = (wanted or candidates)[0]
            stepper.step(name, label.op)
            seen[name, label.op] += 1
            labels.append(label)
            if wanted:
                break
        else:
            raise differs(goal, f"but not within {_PATIENCE:,} steps")
    return Schedule(tuple(labels))
