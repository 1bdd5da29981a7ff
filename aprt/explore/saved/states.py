"""A search over states in a file: what is known when all states before a certain one are expanded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import attrs

from aprt.explore.checking.checks import Checks, Due
from aprt.explore.learned.tables import Tables
from aprt.explore.saved.chunks import Chunks
from aprt.explore.saved.file import SaveFile
from aprt.explore.saved.journal import Journal
from aprt.explore.saved.reading import Reading
from aprt.explore.stateful.chunk import Chunk
from aprt.explore.stateful.known import Found, Known, Mark
from aprt.explore.stateful.loop import Loop
from aprt.explore.watchdog import Watchdog


@attrs.frozen
class _Progress:
    """states: in the file. digest: of what was learned."""

    mark: Mark
    found: dict[str, Found]
    seconds: float
    states: int
    digest: str


class SavedStates:
    """The file of one search over states: what it writes with every save, and reads when it is resumed."""

    def __init__(self, file: SaveFile, tables: Tables[Due], checks: Checks) -> None:
        self.file, self._tables = file, tables
        self._journal, self._chunks = Journal(file, tables, checks), Chunks(file, checks.packing)
        self._ends = self._deadlocks = 0  # those in the file

    def write(self, loop: Loop, known: Known) -> None:
        """Add what is new, up to the mark. What the loop has found beyond that will be found again."""
        here = known.mark.here
        count = bisect_left(range(len(loop)), here, lo=1, key=loop.parent)
        ends = known.ends[self._ends : bisect_left(known.ends, here)]
        deadlocks = known.deadlocks[self._deadlocks : bisect_left(known.deadlocks, here)]
        with self.file.writing() as connection:
            self._journal.write(connection)
            self._chunks.write(connection, loop.chunk(self._chunks.count, count))
            for ending, states in (("end", ends), ("deadlock", deadlocks)):
                connection.executemany("INSERT INTO terminals VALUES (?, ?)", ((state, ending) for state in states))
            progress = _Progress(known.mark, dict(known.found), known.seconds, count, self._journal.digest())
            self.file.write_progress(connection, progress)
        self._ends += len(ends)
        self._deadlocks += len(deadlocks)

    def read(self, watchdog: Watchdog) -> tuple[Known, int, Iterator[Chunk]] | None:
        """What was written last: what is known, the number of states, and these, chunk by chunk; None for a new file.

        What was learned is learned again. Raises: `UserError`, `Unread`.
        """
        progress = self.file.read_progress(_Progress)
        if progress is None:
            return None
        reading = Reading(self.file, watchdog, progress.states)
        self._journal.read(self._tables.rows, progress.digest, reading)
        ends, deadlocks = (
            [state for (state,) in self.file.rows("SELECT state FROM terminals WHERE ending = ? ORDER BY rowid", name)]
            for name in ("end", "deadlock")
        )
        self._ends, self._deadlocks = len(ends), len(deadlocks)
        known = Known(progress.mark, ends, deadlocks, progress.found, progress.seconds)
        return known, progress.states, self._chunks.read(progress.states, reading)
