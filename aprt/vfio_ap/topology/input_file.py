"""Files that a user gave: read with a limit, and complained about in one line.

Every complaint has the shape `FILE: FIELD: REASON; WHAT NEXT`. What is quoted from a file is escaped and cut, so
that no content can make the line more than one, or endless. FIELD is a place in the content (`attrs[0]`), or what
about the file as a whole is wrong: `type`, `size`, `access`, `encoding`, `syntax`, `name`.
"""

from __future__ import annotations

import stat
from pathlib import Path

import attrs

from aprt.core.errors import UserError

LIMIT = 1 << 20  # bytes
_LONGEST = 300  # characters of one part of a complaint


@attrs.frozen
class InputFile:
    """A path that should lead to a file (or a directory) of the user's."""

    path: Path

    def __str__(self) -> str:
        return _one_line(str(self.path))

    def wrong(self, field: str, reason: str, advice: str) -> UserError:
        """The error that says so, to be raised by the caller."""
        return UserError(f"{self}: {_cut(_one_line(field))}: {_cut(_one_line(reason))}; {_one_line(advice)}")

    @property
    def leftover(self) -> bool:
        """Whether its name is that of a hidden file, a backup or an editor's copy: `.x`, `x~`, `#x#`."""
        name = self.path.name
        return name.startswith((".", "#")) or name.endswith("~")

    def text(self) -> str:
        """The content, at most `LIMIT` bytes of UTF-8. A larger file is not read at all. Raises: `UserError`."""
        try:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                kind = "a directory" if stat.S_ISDIR(found.st_mode) else "neither file nor directory"
                raise self.wrong("type", f"is {kind}", "put a plain file there")
            # procfs and sysfs files have no size worth believing, so the read is limited as well
            raw = b"" if found.st_size > LIMIT else self._head()
        except OSError as error:
            raise self._unreadable(error) from None
        if max(found.st_size, len(raw)) > LIMIT:
            raise self.wrong("size", f"more than {LIMIT} bytes", "no file of a topology is that large")
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise self.wrong("encoding", f"not UTF-8 (byte {error.start})", "save it as UTF-8 text") from None

    def exists(self) -> bool:
        """Whether anything has this name. Raises: `UserError` when that cannot be found out."""
        try:
            self.path.lstat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unreadable(error) from None
        return True

    def children(self) -> tuple[InputFile, ...]:
        """What is in this directory, sorted by name. Raises: `UserError`."""
        try:
            return tuple(InputFile(path) for path in sorted(self.path.iterdir()))
        except OSError as error:
            raise self._unreadable(error) from None

    def _head(self) -> bytes:
        with self.path.open("rb") as stream:
            return stream.read(LIMIT + 1)

    def _unreadable(self, error: OSError) -> UserError:
        return self.wrong("access", error.strerror or type(error).__name__, "put it there, or make it readable")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
