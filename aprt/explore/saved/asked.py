"""Why a search began anew: a check asked for more order than it kept (`explore.commuting.visibility`).

For each time that this happened the file has the execution that led the check to ask. To resume, a search takes those
steps again: the check asks again, and the search begins anew, up to where it stood.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aprt.explore.saved.file import SaveFile


class Asked:
    """What the file says of one attempt. before: how many attempts there were before it, all given up.

    again: the labels of the steps after which this attempt was given up, too; None when it was not.
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
        """A check has asked after these steps: now, or (which the file knows) in an earlier process."""
        if self.again is None:
            self._file.begin_anew(msgspec.json.encode(list(labels)).decode())
