"""Many questions, and the answers so far, each an object as JSON has it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Generic, Self, TypeAlias, TypeVar

import attrs

Answer: TypeAlias = Mapping[str, Any]

K = TypeVar("K", bound=Hashable)


@attrs.frozen
class Answered(Generic[K]):
    """asked: the questions, in order. given: answers, by question."""

    asked: tuple[K, ...]
    given: Mapping[K, Answer] = attrs.field(factory=dict)

    def add(self, answers: Mapping[K, Answer]) -> Self:
        """The same with these answers, too."""
        return attrs.evolve(self, given={**self.given, **answers})

    @property
    def left(self) -> tuple[K, ...]:
        """The questions that have no answer yet."""
        return tuple(question for question in self.asked if question not in self.given)

    @property
    def ordered(self) -> tuple[Answer, ...]:
        """The answers, in the order of the questions."""
        return tuple(self.given[question] for question in self.asked if question in self.given)
