"""A remark on cells of the era matrix: why nothing is asked there, or why the answer is what it is."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from aprt.vfio_ap.eras import ERAS


@attrs.frozen
class Why:
    """A remark on some rows in a range of eras."""

    rows: str  # their names, separated by blanks
    since: str  # the first era
    until: str  # the last one
    text: str
    turned_by: tuple[str, ...] = ()  # switches: with those put in that the era lacks, the answer is the other one

    @property
    def eras(self) -> tuple[str, ...]:
        """The eras from the first to the last one."""
        names = list(ERAS)
        return tuple(names[names.index(self.since) : names.index(self.until) + 1])

    @property
    def said(self) -> str:
        """The text as it is printed."""
        return f"{self.text} (the other answer with {', '.join(self.turned_by)})" if self.turned_by else self.text


def by_era(said: Iterable[Why], row: str) -> dict[str, str]:
    """The remarks on a row, by era."""
    return {era: why.said for why in said if row in why.rows.split() for era in why.eras}
