"""What is said of some cells of the era matrix: why nothing is asked there, or why the answer is what it is."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from aprt.vfio_ap.eras import ERAS


@attrs.frozen
class Why:
    """rows: their names, with blanks between. since, until: the first and the last of the eras, in their order.

    turned_by: switches; with those of them that an era lacks put in the answer is the other one, and that is said, too.
    """

    rows: str
    since: str
    until: str
    text: str
    turned_by: tuple[str, ...] = ()

    @property
    def eras(self) -> tuple[str, ...]:
        """The eras that it is about."""
        names = list(ERAS)
        return tuple(names[names.index(self.since) : names.index(self.until) + 1])

    @property
    def said(self) -> str:
        """The text as it is printed."""
        return f"{self.text} (the other answer with {', '.join(self.turned_by)})" if self.turned_by else self.text


def by_era(said: Iterable[Why], row: str) -> dict[str, str]:
    """What is said of a row, by era."""
    return {era: why.said for why in said if row in why.rows.split() for era in why.eras}
