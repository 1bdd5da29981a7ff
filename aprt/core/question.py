"""A question that any era can be asked, and a row of them: one thing, in every era that has it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import attrs


@attrs.frozen
class Question:
    """Is a property violated in a scenario, in these words?

    asked: the scenario and what it needs, `NAME[+SWITCH...]`, without an era. violates: the number of the property.
    finding: a pattern (`*` stands for anything) for the words of what is found.
    """

    asked: str
    violates: str
    finding: str = "*"

    def says(self, property: str, text: str) -> bool:
        """Whether a violation of `property` in these words is what is to be found."""
        return property == self.violates and fnmatchcase(text, self.finding)

    @property
    def name(self) -> str:
        """What the scenario is called."""
        return self.asked.partition("+")[0]

    @property
    def words(self) -> tuple[str, ...]:
        """The switches."""
        return tuple(self.asked.split("+")[1:])


@attrs.frozen
class Row:
    """One thing that every era is asked about.

    questions: an era is asked the first of these that it can be asked. unasked: by era, why it is asked none of them.
    explained: by era, why the answer is what it is, where that is not plain.
    """

    name: str
    questions: tuple[Question, ...]
    unasked: Mapping[str, str] = attrs.field(factory=dict)
    explained: Mapping[str, str] = attrs.field(factory=dict)
