"""A contrast: two cases that differ in one thing, so that a property fails in one of them and not in the other."""

from __future__ import annotations

from fnmatch import fnmatchcase

import attrs


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
        return property == self.violates and fnmatchcase(text, self.finding)

    @property
    def name(self) -> str:
        """What the scenario of both is called, whatever the era."""
        return self.buggy.partition("+")[0].rpartition("/")[2]

    @property
    def shared(self) -> tuple[str, ...]:
        """The switches that both name: those that have nothing to do with the fix."""
        return tuple(word for word in self.buggy.split("+")[1:] if word in self.fixed.split("+")[1:])
