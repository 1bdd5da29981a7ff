"""What the museum knows about one bug.

To add one, write an `Entry` in the file of its hall. To model it, add a scenario and a fix switch to `aprt.vfio_ap`,
and name here in `shown_by` a case in which it is found and one in which it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import attrs

from aprt.core.contrast import Contrast
from aprt.core.errors import UserError
from aprt.museum.patterns import Pattern

Kind: TypeAlias = Literal[
    "UAF", "NULL", "LEAK", "CYCLE", "DEADLOCK", "LOST", "STALE", "MISSED", "HANG", "RACE", "LOGIC", "SEC"
]


@attrs.frozen
class Entry:
    """One bug."""

    id: str  # `B8`; also a name of the switch of its fix
    title: str
    kinds: tuple[Kind, ...]
    commits: tuple[str, ...]  # of the fix, 12 digits each; none where no source had the bug
    subject: str  # of the first of these commits
    version: str  # the first release with the fix, two where it is not known which; `never` of a patch not merged
    story: str  # who does what, in which kernel functions, under which locks; at most five lines of 75 letters
    pattern: Pattern
    shown_by: Contrast | None = None  # where it is found, and where it is gone; None while it is not modelled
    exhibit: str | None = None  # why it cannot be modelled
    cve: str | None = None
    note: str | None = None  # what is not certain about the rest

    def has(self, words: Iterable[str]) -> bool:
        """Whether title, subject and scenario have all these words, in upper or lower case."""
        told = f"{self.title} {self.subject} {self.shown_by.buggy if self.shown_by is not None else ''}".casefold()
        return all(word.casefold() in told for word in words)

    def contrast(self) -> Contrast:
        """`shown_by`. Raises: `UserError` where there is none."""
        if self.shown_by is None:
            raise UserError(f"{self.id} cannot be seen in a schedule; aprt museum show {self.id} says why")
        return self.shown_by


@attrs.frozen
class Hall:
    """Some entries with a subject in common."""

    number: int
    title: str
    entries: tuple[Entry, ...]
