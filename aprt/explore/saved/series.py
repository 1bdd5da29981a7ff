"""Numbers that a search keeps one after the other, in a file: with every save, those that are new are added."""

from __future__ import annotations

from array import array
from sqlite3 import Connection

from aprt.explore.saved.file import SaveFile, is_sealed, seal
from aprt.explore.stateful.chunk import little

_BYTES = 8  # of a number


class Series:
    """The numbers that the file has under `name`, as arrays of type "Q"."""

    def __init__(self, file: SaveFile, name: str) -> None:
        self._file, self._name = file, name
        self._count = 0  # in the file

    def write(self, connection: Connection, numbers: array[int]) -> None:
        """Add those numbers that are not in the file yet."""
        new = numbers[self._count :]
        if new:
            data = little(new).tobytes()
            values = self._name, self._count, data, seal(data)
            connection.execute("INSERT INTO series VALUES (?, ?, ?, ?)", values)
            self._count += len(new)

    def rewrite(self, connection: Connection, numbers: array[int]) -> None:
        """Replace the numbers in the file by these."""
        connection.execute("DELETE FROM series WHERE name = ?", (self._name,))
        self._count = 0
        self.write(connection, numbers)

    def read(self) -> array[int]:
        """All of them. Raises: `UserError`."""
        numbers = array("Q")
        query = "SELECT first, data, seal FROM series WHERE name = ? ORDER BY first"
        for first, data, sealed in self._file.rows(query, self._name):
            if first != len(numbers) or not is_sealed(sealed, data) or len(data) % _BYTES:
                raise self._file.damaged()
            numbers.extend(little(array("Q", data)))
        self._count = len(numbers)
        return numbers
