"""What a search has learned of the model, as a journal: to learn it again in that order gives the same numbers.

Control states, values of actors and memories of histories have numbers in the order in which they were met. Only that
order is kept, no values, nor what behaviours and handlers do: these are run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from sqlite3 import Connection
from typing import TypeAlias

from aprt.explore.checking.checks import Checks, Due
from aprt.explore.checking.judges import Violation
from aprt.explore.learned.tables import Tables
from aprt.explore.saved.file import SaveFile
from aprt.explore.saved.reading import Reading

Rows: TypeAlias = Sequence[Sequence[tuple[int, Mapping[int, object]]]]
"""As `Tables.rows`: to ask it for a number is to learn what it stands for."""


class Journal:
    """The journal of one search: writes what is new with every save, and goes through it again in a resumed one."""

    def __init__(self, file: SaveFile, tables: Tables[Due], checks: Checks) -> None:
        self._file, self._tables, self._checks = file, tables, checks
        self._learned = self._remembered = 0  # those that are in the file
        self._wrong: set[Violation] = set()  # of `Checks.wrong`, those that are in the file
        self._digest = tables.digest()

    def digest(self) -> str:
        """The digest of all that had been learned by the last save (`Tables.digest`)."""
        return self._digest

    def write(self, connection: Connection) -> None:
        """Add what is new."""
        learned, remembered = self._tables.learned[self._learned :], self._checks.remembered[self._remembered :]
        if not self._learned:
            connection.executemany("INSERT OR IGNORE INTO slots VALUES (?, ?, ?)", self._slots())
        if learned or remembered:
            connection.executemany("INSERT INTO learned VALUES (?, ?, ?)", learned)
            connection.executemany("INSERT INTO remembered VALUES (?, ?)", remembered)
            self._learned += len(learned)
            self._remembered += len(remembered)
            self._digest = self._tables.digest()
        wrong = self._checks.wrong - self._wrong
        connection.executemany("INSERT INTO wrong VALUES (?, ?)", sorted(wrong))
        self._wrong |= wrong

    def _slots(self) -> Iterator[tuple[int, str, str]]:
        """What the fields of a state are about."""
        packing = self._tables.packing
        kinds = (
            ("control state", packing.controls),
            ("value", packing.actors.values()),
            ("held", packing.callers),
            ("memory", packing.memories),
        )
        for kind, slots in kinds:
            for slot in slots:
                yield slot, kind, packing.names[slot]

    def read(self, rows: Rows, digest: str, reading: Reading) -> None:
        """Learn it all again, by asking `rows`. digest: as it was when that was written.

        Raises: `UserError` when the model has become another one; `Unread`.
        """
        packing, recorders = self._tables.packing, self._checks.recorders
        try:
            for place, control, number in self._file.rows("SELECT * FROM learned ORDER BY rowid"):
                rows[place][control][1][number]
                reading.learned()
            for recorder, memory in self._file.rows("SELECT * FROM remembered ORDER BY rowid"):
                recorders[recorder](packing.delta(recorders[recorder].slots[0], 0, memory))
        except (IndexError, TypeError):
            raise self._file.damaged() from None
        self._digest = self._tables.digest()
        if self._digest != digest:
            raise self._file.damaged()
        self._learned, self._remembered = len(self._tables.learned), len(self._checks.remembered)
        self._wrong = set(self._file.rows("SELECT * FROM wrong"))
        self._checks.wrong |= self._wrong
