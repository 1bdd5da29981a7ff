"""Where checks asked for more order than a search kept, so that it began anew (`explore.commuting.visibility`).

A file has the steps after which that was, once for each time. Whoever takes them again is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aprt.explore.saved.file import SaveFile


class Asked:
    """For a search before which so many were begun and given up.

    again: the labels of the steps after which this one has to begin anew; None when it went on.
    Raises: `UserError` when the file is damaged.
    """

    def __init__(self, file: SaveFile, before: int) -> None:
        self._file, reasons = file, file.anew
        self.again: list[int] | None = None
        if before < len(reasons):
            try:
                self.again = msgspec.json.decode(reasons[before], type=list[int])
            except msgspec.DecodeError:
                raise file.damaged() from None

    def begin_anew(self, labels: Sequence[int]) -> None:
        """A check has asked after these steps, now or when the file was made."""
        if self.again is None:
            self._file.begin_anew(msgspec.json.encode(list(labels)).decode())
