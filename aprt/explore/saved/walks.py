"""Random executions in a file: the states that they met, their traces, and the random generator.

What states offer follows from what was learned, and most of what pickers remember from the steps that were taken.
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from aprt.core.errors import UserError
from aprt.core.execution import Ending
from aprt.explore.saved.chunks import Chunks
from aprt.explore.saved.file import SaveFile
from aprt.explore.saved.journal import Journal
from aprt.explore.saved.reading import Reading
from aprt.explore.saved.series import Series
from aprt.explore.stateful.chunk import Chunk
from aprt.explore.stateful.layout import WideLayout

if TYPE_CHECKING:
    from aprt.explore.sampling.walks import Picker, Walks


@attrs.frozen
class _Progress:
    """Between two executions. lots: the random generator. found: (property, text, numbers of steps).

    states: in the file.
    """

    executions: int
    transitions: int
    depth: int
    cut: int
    taken: list[int]
    memory: Any
    lots: tuple[int, tuple[int, ...], float | None]
    found: list[tuple[str, str, tuple[int, ...]]]
    seconds: float
    states: int
    digest: str


class SavedWalks:
    """The file of executions in which `picker` picks."""

    def __init__(self, file: SaveFile, walks: Walks, picker: Picker) -> None:
        self.file, self._walks, self._picker = file, walks, picker
        self._journal, self._chunks = Journal(file, walks.tables, walks.checks), Chunks(file, walks.checks.packing)
        self._layout = WideLayout(walks.checks.packing)
        self._traces = Series(file, "traces")
        self._ended = 0  # states in the file

    def write(self) -> None:
        """Add what is new; between two executions."""
        walks, count = self._walks, self._chunks.count
        with self.file.writing() as connection:
            self._journal.write(connection)
            states = list(islice(walks.enabled, count, None))
            numbers = {state: number for number, state in enumerate(states, count)}
            self._chunks.write(connection, Chunk.of(self._layout, states, array("I")))
            ended = islice(walks.endings.items(), self._ended, None)
            connection.executemany("INSERT INTO terminals VALUES (?, ?)", [(numbers[s], how) for s, how in ended])
            self._ended = len(walks.endings)
            self._traces.write(connection, walks.traces)
            self.file.write_progress(connection, self._progress())

    def _progress(self) -> _Progress:
        walks = self._walks
        return _Progress(
            executions=walks.executions,
            transitions=walks.transitions,
            depth=walks.depth,
            cut=walks.cut,
            taken=sorted(walks.taken),
            memory=self._picker.memory,
            lots=walks.random.getstate(),
            found=[(id, text, steps) for id, (text, steps) in walks.found.items()],
            seconds=walks.watchdog.seconds,
            states=len(walks.enabled),
            digest=self._journal.digest(),
        )

    def restore(self) -> bool:
        """Bring the search to where it stood; False when nothing was saved. Raises: `UserError`, `Unread`."""
        walks, progress = self._walks, self.file.read_progress(_Progress)
        if progress is None:
            return False
        bounds = walks.question.bounds
        for known, most, what, option in (
            (progress.executions, walks.question.runs, "executions", "--runs"),
            (progress.states, bounds.max_states, "states", "--max-states"),
        ):
            if most is not None and known > most:
                raise UserError(f"there are {known:,} {what} by now: {option} {most} is too few")
        reading = Reading(self.file, walks.watchdog, progress.states)
        self._journal.read(walks.tables.rows, progress.digest, reading)
        endings: dict[int, Ending] = dict(self.file.rows("SELECT state, ending FROM terminals ORDER BY rowid"))
        states: list[int] = []
        for chunk in self._chunks.read(progress.states, reading):
            for number, state in enumerate(chunk.states(self._layout), len(states)):
                states.append(state)
                walks.enabled[state] = () if endings.get(number) == "oops" else walks.tables.offers(state)
        walks.endings = {states[number]: ending for number, ending in endings.items()}
        self._ended = len(endings)
        walks.traces = self._traces.read()
        walks.taken = set(progress.taken)
        walks.found = {id: (text, steps) for id, text, steps in progress.found}
        walks.executions, walks.transitions, walks.depth = progress.executions, progress.transitions, progress.depth
        walks.cut = progress.cut
        walks.random.setstate(progress.lots)
        self._picker.remember(progress.memory, walks.taken)
        walks.watchdog.resume(progress.seconds)
        return True
