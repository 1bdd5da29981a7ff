"""What the museum knows about one bug.

To add one: an `Entry` in the file of its hall. To model it: a scenario and a fix switch in `aprt.vfio_ap`, and
`shown_by` here: a reference in which it is found and one in which it is gone.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from aprt.core.contrast import Contrast
from aprt.museum.patterns import Pattern

Kind: TypeAlias = Literal[
    "UAF", "NULL", "LEAK", "CYCLE", "DEADLOCK", "LOST", "STALE", "MISSED", "HANG", "RACE", "LOGIC", "SEC"
]


@attrs.frozen
class Entry:
    """One bug. id: `B8`; also what its fix switch answers to.

    commits: of the fix, 12 digits each; none where no source had it. subject: of the (first) fix. version: the first
    release with it, two where it is not known which, `never` of a patch that was not merged. story: who does what, in
    which functions of the kernel and under which locks, at most five lines of 75 letters when wrapped.
    shown_by: where it is found and where it is gone; None while it is not modelled. exhibit: why it cannot be modelled.
    note: what is not certain about the rest.
    """

    id: str
    title: str
    kinds: tuple[Kind, ...]
    commits: tuple[str, ...]
    subject: str
    version: str
    story: str
    pattern: Pattern
    shown_by: Contrast | None = None
    exhibit: str | None = None
    cve: str | None = None
    note: str | None = None


@attrs.frozen
class Hall:
    """Some entries with a subject in common."""

    number: int
    title: str
    entries: tuple[Entry, ...]
