"""What a detector gives: a frozen value, one class for each kind of it."""

from __future__ import annotations

import abc
from typing import ClassVar

import attrs

from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.step import Ask


@attrs.frozen
class Site:
    """A step that matters to a detection. role: what was done there, in one word or two.

    index: of the step, -1 for what was so from the start, None for a step of another execution (`Detector.across`); of
    a request, the last step before it of the same context.
    op: as labels print it. functions: what the context was running, outermost first, without helpers.
    """

    role: str
    index: int | None
    context: str
    op: str
    functions: tuple[str, ...] = ()

    @classmethod
    def of(cls, role: str, event: Event) -> Site:
        return cls(role, event.index, event.context, event.label.op, tuple(without_helpers(event.chain)))

    @classmethod
    def asking(cls, role: str, ask: Ask, index: int) -> Site:
        """A request, made after step `index`."""
        return cls(role, index, ask.by.context, str(ask.call), tuple(without_helpers(ask.chain)))

    @property
    def where(self) -> str:
        """Who does it, and in which function: `vcpu0 in handle_pqap()`."""
        return f"{self.context} in {self.functions[-1]}()" if self.functions else self.context


@attrs.frozen
class Detection(abc.ABC):
    """index: of the step at which it can be told, -1 for one before the first.

    What is found in an execution is equal for all executions of its schedule, whichever driver ran it.
    """

    kind: ClassVar[str]

    index: int

    @property
    @abc.abstractmethod
    def text(self) -> str:
        """What is wrong, in one line; where a handler noted it, in the words of its note."""

    @property
    @abc.abstractmethod
    def objects(self) -> tuple[str, ...]:
        """What it is about: actors, contexts, resources, by name."""

    @property
    @abc.abstractmethod
    def sites(self) -> tuple[Site, ...]:
        """The steps that matter, in the order in which a report tells them."""
