"""How much of a saved search has been read back, which may take a while."""

from __future__ import annotations

from aprt.explore.saved.file import SaveFile
from aprt.explore.watchdog import Watchdog

_LEARNED = 200  # states that are read back in the time in which a local step is learned
_LOOK = 8_192  # states between two looks


class Reading:
    """The reading back of a file with so many states. It is told of each piece, and tells the watchdog now and then."""

    def __init__(self, file: SaveFile, watchdog: Watchdog, states: int) -> None:
        ((learned,),) = file.rows("SELECT count(*) FROM learned")
        self._watchdog, self._all = watchdog, states + _LEARNED * learned
        self._done, self._next = 0, _LOOK

    def states(self, count: int) -> None:
        """So many more states. Raises: `Unread`."""
        self._done += count
        if self._done >= self._next:
            self._next = self._done + _LOOK
            self._watchdog.read(min(1.0, self._done / self._all))

    def learned(self) -> None:
        """One more local step. Raises: `Unread`."""
        self.states(_LEARNED)
