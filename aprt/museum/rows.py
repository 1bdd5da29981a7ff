"""The rows of the era matrix: the bugs of the museum, and H1-H16."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.contrast import Contrast
from aprt.core.errors import UserError
from aprt.core.question import Row
from aprt.museum.catalogue import ENTRIES, find_entries
from aprt.museum.elsewhere import ELSEWHERE, INSTEAD
from aprt.museum.entry import Entry
from aprt.museum.explained import EXPLAINED
from aprt.museum.unasked import UNASKED
from aprt.museum.ways import WAYS
from aprt.museum.why import by_era
from aprt.vfio_ap.eras import ERAS


def row_of(entry: Entry) -> Row:
    """The row of a bug. Of a bug that cannot be modelled no era is asked, and the row says why."""
    if entry.shown_by is None:
        return Row(entry.id, (), dict.fromkeys(ERAS, f"exhibit only: {entry.exhibit}"))
    return _row(entry.id, entry.shown_by)


def _row(name: str, contrast: Contrast) -> Row:
    questions = (INSTEAD.get(name, contrast.question), *([ELSEWHERE[name]] if name in ELSEWHERE else []))
    return Row(name, questions, by_era(UNASKED, name), by_era(EXPLAINED, name))


_BUGS: Final = sorted(ENTRIES, key=lambda entry: int(entry.id[1:]))
ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {entry.id: row_of(entry) for entry in _BUGS} | {name: _row(name, way) for name, way in WAYS.items()}
)
"""All rows by name, in the order of their numbers."""


def find_rows(words: Iterable[str]) -> tuple[Row, ...]:
    """The rows of these numbers (`B8`, `h7`) or commits, each once; all rows when none is named.

    Raises: `UserError` for a number or commit that no row has.
    """
    wanted = tuple(words)
    names = [name for word in wanted for name in _names(word)] if wanted else list(ROWS)
    return tuple(ROWS[name] for name in dict.fromkeys(names))


def _names(word: str) -> list[str]:
    if word.upper() in WAYS:
        return [word.upper()]
    if word[:1].upper() == "H":
        raise UserError(f"no way is called {word!r} (they are H1 to H{len(WAYS)})")
    return [entry.id for entry in find_entries(word)]
