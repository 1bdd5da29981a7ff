"""A contrast: two cases that differ in one thing, so that a property fails in one of them and not in the other."""

from __future__ import annotations

import attrs

from aprt.core.question import Question


@attrs.frozen
class Contrast:
    """In `buggy` a property is violated, in `fixed` not in that way. Both are references, `ERA/NAME[+SWITCH...]`.

    violates: the number of the property. finding: a pattern (`*` stands for anything) for the words of what is found.
    What is said of `fixed` in other words is another matter.
    """

    buggy: str
    fixed: str
    violates: str
    finding: str = "*"

    def says(self, property: str, text: str) -> bool:
        """Whether a violation of `property` in these words is what is to be found."""
        return self.question.says(property, text)

    @property
    def question(self) -> Question:
        """What it asks any era: whether the bug is there, with those switches that have nothing to do with the fix."""
        name, *words = self.buggy.rpartition("/")[2].split("+")
        shared = (word for word in words if word in self.fixed.split("+")[1:])
        return Question("+".join((name, *shared)), self.violates, self.finding)
