"""Policies: who goes next through the gate. Each sees the enabled labels, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from random import Random
from typing import Protocol

from aprt.core.errors import ReplayMismatch
from aprt.core.schedule import Label, Schedule


class Policy(Protocol):
    """Picks steps. A policy belongs to one execution: it may remember what it picked."""

    def expected(self, step: int) -> tuple[Label, ...]:
        """The labels that it will pick from `step` on while they are enabled, whatever else is; all of one context.
        Empty if it has to look first.
        """
        ...

    def pick(self, enabled: Sequence[Label], step: int) -> Label | None:
        """One of `enabled`, or None to stop. enabled: in the order of the system's contexts; empty: nothing can
        move. step: from 0.
        """
        ...


class Uniform:
    """Any enabled label, equally likely; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)

    def expected(self, step: int) -> tuple[Label, ...]:
        return ()

    def pick(self, enabled: Sequence[Label], step: int) -> Label | None:
        return self._rng.choice(enabled) if enabled else None


class Chaos:
    """The context of the highest priority, where priorities are seeded and drop at `changes` seeded steps.

    The PCT scheduler: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic
    guarantees of finding bugs", ASPLOS 2010, section 2. A bug of depth changes + 1 among n contexts and k = horizon
    steps is found with a probability of at least 1 / (n * k ** changes). A context that chooses draws its option.
    """

    def __init__(self, seed: int, changes: int = 2, horizon: int = 64) -> None:
        self._rng = Random(seed)
        points = self._rng.sample(range(1, max(horizon, changes + 1)), changes)
        self._drops = {step: float(-i) for i, step in enumerate(points)}
        self._priority: dict[str, float] = {}
        self._last: str | None = None

    def expected(self, step: int) -> tuple[Label, ...]:
        return ()

    def pick(self, enabled: Sequence[Label], step: int) -> Label | None:
        if not enabled:
            return None
        for label in enabled:
            # initial priorities lie above every one that a change point gives
            self._priority.setdefault(label.context, 1 + self._rng.random())
        if step in self._drops and self._last is not None:
            self._priority[self._last] = self._drops[step]
        self._last = max((label.context for label in enabled), key=self._priority.__getitem__)
        return self._rng.choice([label for label in enabled if label.context == self._last])


class Follow:
    """The labels of a schedule, then stop. Raises `ReplayMismatch` where the next one is not enabled."""

    def __init__(self, schedule: Schedule) -> None:
        self._labels = schedule.labels

    def expected(self, step: int) -> tuple[Label, ...]:
        rest = self._labels[step:]
        return tuple(takewhile(lambda label: label.context == rest[0].context, rest))

    def pick(self, enabled: Sequence[Label], step: int) -> Label | None:
        if step == len(self._labels):
            return None
        label = self._labels[step]
        if label not in enabled:
            raise ReplayMismatch(step, str(label), tuple(map(str, enabled)))
        return label


class Limited:
    """Another policy, for a number of steps."""

    def __init__(self, policy: Policy, steps: int) -> None:
        self._policy, self._steps = policy, steps

    def expected(self, step: int) -> tuple[Label, ...]:
        return self._policy.expected(step)[: self._steps - step]

    def pick(self, enabled: Sequence[Label], step: int) -> Label | None:
        return None if step == self._steps else self._policy.pick(enabled, step)
