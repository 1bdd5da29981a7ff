"""The file of a search that can be resumed: a SQLite database, described in docs/reference/saved-search.md.

Everything in it is about one question, which is written first; only its bounds change. What a search finds is added in
transactions, so that the file is good whenever the process dies. Nobody else may use the file meanwhile.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec

from aprt.core.errors import UserError

T = TypeVar("T")

_APPLICATION, _FORMAT = 0x61707274, 4  # "aprt"
_LEAST = 0.5  # seconds between two saves
_SHARE = 20  # the search goes on for so many times as long as a save took: saves cost a twentieth of the time

_TABLES: Final = """
CREATE TABLE question (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE anew (reason TEXT NOT NULL);
CREATE TABLE slots (slot INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE learned (context INTEGER NOT NULL, control INTEGER NOT NULL, number INTEGER NOT NULL);
CREATE TABLE remembered (recorder INTEGER NOT NULL, memory INTEGER NOT NULL);
CREATE TABLE wrong (property TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE fields (layout INTEGER NOT NULL, slot INTEGER NOT NULL, shift INTEGER NOT NULL, bits INTEGER NOT NULL);
CREATE TABLE layouts (layout INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, summed INTEGER NOT NULL);
CREATE TABLE states (
    first INTEGER PRIMARY KEY, count INTEGER NOT NULL, layout INTEGER NOT NULL, packed BLOB NOT NULL, parents BLOB,
    seal BLOB NOT NULL
);
CREATE TABLE terminals (state INTEGER NOT NULL, ending TEXT NOT NULL);
CREATE TABLE series (name TEXT NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL, seal BLOB NOT NULL);
CREATE TABLE answers (scenario TEXT PRIMARY KEY, answer TEXT NOT NULL);
CREATE TABLE progress (only INTEGER PRIMARY KEY CHECK (only = 1), value TEXT NOT NULL, seal BLOB NOT NULL);
"""
_CONTENT = ("slots", "learned", "remembered", "wrong", "fields", "layouts", "states", "terminals", "series", "progress")


def seal(*parts: bytes) -> bytes:
    """A digest of bytes in a row: SQLite does not notice when some of them have changed on the disk."""
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(part)
    return digest.digest()


def is_sealed(sealed: object, *parts: object) -> bool:
    """Whether that is the digest of what is in a row, which may be of any kind by now."""
    blobs = [part for part in parts if isinstance(part, bytes)]
    return len(blobs) == len(parts) and sealed == seal(*blobs)


class SaveFile:
    """question: what the search in it was asked, by name. Use it in a `with` statement.

    Raises: `UserError`, in whatever is done with it, when the file is not what it should be or cannot be written.
    """

    def __init__(self, path: Path, question: Mapping[str, str] | None = None) -> None:
        """A new file for a question; None: one that exists."""
        self.path = path
        self._new = question is not None
        with _told(path):
            if self._new:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            else:
                _check_saved(path)
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
            try:
                self.question = self._begin(question) if question is not None else self._read()
            except BaseException:
                self._connection.close()
                if self._new:
                    path.unlink()
                raise
        self._next = time.monotonic() + _LEAST

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """A new file in which nothing was saved is of no use to anybody."""
        empty = self._new and not self.rows("SELECT only FROM progress UNION ALL SELECT rowid FROM answers LIMIT 1")
        self._connection.close()
        if empty:
            self.path.unlink()

    def check(self, question: Mapping[str, str]) -> None:
        """Raises: `UserError` when the file is about another question, or about a model that was another one then."""
        for name, value in question.items():
            saved = self.question.get(name, "none")
            if saved != value and name == "model":
                raise UserError(f"{self.path} was saved before the model changed, or a property of it: begin anew")
            if saved != value:
                raise UserError(f"{self.path} holds another search: {name} {saved}, not {value}")

    def amend(self, bounds: Mapping[str, str]) -> None:
        """Change these parts of the question."""
        if bounds.items() <= self.question.items():
            return
        with self.writing() as connection:
            connection.executemany("UPDATE question SET value = ?2 WHERE name = ?1", bounds.items())
        self.question = {**self.question, **bounds}

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() >= self._next

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        begun = time.monotonic()
        with _told(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # SQLite has rolled back already when the disk is full
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        end = time.monotonic()
        self._next = end + max(_LEAST, _SHARE * (end - begun))

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with _told(self.path):
            return self._connection.execute(query, values).fetchall()

    @property
    def anew(self) -> list[str]:
        """Why the search began anew: one reason for each time."""
        return [reason for (reason,) in self.rows("SELECT reason FROM anew ORDER BY rowid")]

    def begin_anew(self, reason: str) -> None:
        """Forget all but the question, and add a reason to `anew`."""
        with self.writing() as connection:
            for table in _CONTENT:
                connection.execute(f"DELETE FROM {table}")
            connection.execute("INSERT INTO anew VALUES (?)", (reason,))

    def write_progress(self, connection: sqlite3.Connection, progress: object) -> None:
        """Write how far the search has come, in the place of what was written before."""
        value = msgspec.json.encode(progress)
        connection.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?)", (value.decode(), seal(value)))

    def read_progress(self, type: type[T]) -> T | None:
        """What `write_progress` wrote last; None when it never did."""
        written = self.rows("SELECT CAST(value AS BLOB), seal FROM progress")
        if not written:
            return None
        ((value, sealed),) = written
        if not is_sealed(sealed, value):
            raise self.damaged()
        try:
            return msgspec.json.decode(value, type=type)
        except msgspec.DecodeError:  # it was sealed by a hand
            raise self.damaged() from None

    def damaged(self) -> UserError:
        """What to raise when the content makes no sense."""
        return UserError(f"{self.path} is damaged, or the model is not the one that it was saved with: begin anew")

    def _begin(self, question: Mapping[str, str]) -> Mapping[str, str]:
        self._lock()
        self._connection.executescript(
            f"BEGIN; {_TABLES} PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_FORMAT}; COMMIT"
        )
        with self.writing() as connection:
            connection.executemany("INSERT INTO question VALUES (?, ?)", question.items())
        return question

    def _read(self) -> Mapping[str, str]:
        self._lock()
        (format,) = self._connection.execute("PRAGMA user_version").fetchone()
        if format != _FORMAT:
            raise UserError(f"{self.path} has format {format}, and this aprt reads {_FORMAT}: begin anew")
        return dict(self._connection.execute("SELECT name, value FROM question").fetchall())

    def _lock(self) -> None:
        """Keep others out until the end."""
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("BEGIN EXCLUSIVE")
        self._connection.execute("COMMIT")


def _check_saved(path: Path) -> None:
    """Raises: `UserError` for what does not begin as a saved search; SQLite would take an empty file for a new one."""
    begin = b""
    if path.is_file() or path.is_dir() or not path.exists():  # a pipe has nobody who writes
        with path.open("rb") as file:
            begin = file.read(72)
    if (begin[:16], begin[68:]) != (b"SQLite format 3\0", _APPLICATION.to_bytes(4)):
        raise UserError(f"{path} is no search that aprt saved")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into a `UserError` of one line."""
    try:
        yield
    except FileExistsError:
        if not path.is_file():
            raise UserError(
                f"cannot use {path}: {'Is a directory' if path.is_dir() else 'Is no regular file'}"
            ) from None
        raise UserError(
            f"{path} exists already: --resume {shlex.quote(str(path))} goes on with it, --save makes a new file"
        ) from None
    except OSError as error:
        raise UserError(f"cannot use {path}: {error.strerror}") from None
    except UnicodeEncodeError as error:
        raise UserError(f"cannot use {path} for {error.object!r}, a name that is no UTF-8") from None
    except UnicodeDecodeError:  # of a text in a row
        raise UserError(f"{path} is damaged: begin anew") from None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # Python has none for text that is no UTF-8
        if code == sqlite3.SQLITE_BUSY:
            raise UserError(f"{path} is in use by another search") from None
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise UserError(f"{path} is damaged: begin anew") from None
        raise UserError(f"cannot use {path}: {error}") from None
