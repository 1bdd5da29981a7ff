"""The states that a search has met, in a file: a chunk of them for every save, each with the layout it had then."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection

from aprt.explore.learned.packing import Packing
from aprt.explore.saved.file import SaveFile, is_sealed, seal
from aprt.explore.saved.reading import Reading
from aprt.explore.stateful.chunk import Chunk
from aprt.explore.stateful.layout import Layout

_PIECE = 8_192  # states that are read back in one go


class Chunks:
    """The states of one search. count: how many are in the file, or have been read back."""

    def __init__(self, file: SaveFile, packing: Packing) -> None:
        self._file, self._packing = file, packing
        self._layouts: list[Layout] = []
        self.count = 0

    def write(self, connection: Connection, chunk: Chunk) -> None:
        """Add states."""
        if not len(chunk):
            return
        if chunk.layout not in self._layouts:
            self._add(connection, chunk.layout)
        values = self.count, len(chunk), self._layouts.index(chunk.layout), chunk.packed, chunk.parents
        sealed = seal(_described(self.count, chunk.layout), chunk.packed, chunk.parents)
        connection.execute("INSERT INTO states VALUES (?, ?, ?, ?, ?, ?)", (*values, sealed))
        self.count += len(chunk)

    def _add(self, connection: Connection, layout: Layout) -> None:
        number = len(self._layouts)
        fields = [(number, slot, layout.shifts[slot], bits) for slot, bits in layout.widths.items()]
        connection.executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", fields)
        connection.execute("INSERT INTO layouts VALUES (?, ?, ?)", (number, layout.size, layout.sum is not None))
        self._layouts.append(layout)

    def read(self, count: int, reading: Reading) -> Iterator[Chunk]:
        """All states, few at a time. Raises: `UserError` unless there are `count` states; `Unread`."""
        query = "SELECT slot, bits FROM fields WHERE layout = ? ORDER BY rowid"
        for number, _, summed in self._file.rows("SELECT * FROM layouts ORDER BY layout"):
            widths = dict(self._file.rows(query, number))
            self._layouts.append(Layout(self._packing, widths, summed=bool(summed)))
        for (first,) in self._file.rows("SELECT first FROM states ORDER BY first"):
            for piece in self._read(first).pieces(_PIECE):
                yield piece
                self.count += len(piece)
                reading.states(len(piece))
        if self.count != count:
            raise self._file.damaged()

    def _read(self, first: int) -> Chunk:
        ((states, layout, packed, parents, sealed),) = self._file.rows(
            "SELECT count, layout, packed, parents, seal FROM states WHERE first = ?", first
        )
        if layout not in range(len(self._layouts)):
            raise self._file.damaged()
        if not is_sealed(sealed, _described(first, self._layouts[layout]), packed, parents):
            raise self._file.damaged()
        chunk = Chunk(self._layouts[layout], packed, parents)
        if first != self.count or states != len(chunk) or len(parents) not in (0, 4 * states):
            raise self._file.damaged()
        return chunk


def _described(first: int, layout: Layout) -> bytes:
    """What says which states those of a chunk are."""
    return repr((first, layout.widths, layout.sum is not None)).encode()
