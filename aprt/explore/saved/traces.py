"""A search of traces in a file: the execution that it stands at, what is still to be done there, and the counts.

Once everything is learned again, the steps of that execution are taken again, and it is known what happens before what.
So of each node only what sleeps there and the branches to come are kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import attrs

from aprt.explore.commuting.local_steps import OPTION_BITS
from aprt.explore.commuting.sleepers import Sleepers
from aprt.explore.saved.asked import Asked
from aprt.explore.saved.chunks import Chunks
from aprt.explore.saved.file import SaveFile
from aprt.explore.saved.journal import Journal
from aprt.explore.saved.reading import Reading
from aprt.explore.stateful.chunk import Chunk
from aprt.explore.stateful.layout import WideLayout
from aprt.explore.traces.descent import Labels
from aprt.explore.traces.wakeup_tree import Branch, grown, steps_of

if TYPE_CHECKING:
    from aprt.explore.traces.dpor import TraceSearch

Twig: TypeAlias = tuple[int, int, int]  # one step in a tree of branches, top down: how deep, label, kind


@attrs.frozen
class _Progress:
    """Between two executions. steps: what these have in common. found: (property, text, steps). states: in the file."""

    steps: Labels
    sleeping: list[dict[int, int]]
    branches: list[list[Twig]]
    open: list[list[int]]
    fresh: int
    more: bool
    executions: int
    blocked: int
    depth: int
    length: int
    found: list[tuple[str, str, Labels]]
    seconds: float
    states: int
    digest: str


class SavedTraces:
    """The file of the search `run`. before: how many attempts were given up before it (`Asked`)."""

    def __init__(self, file: SaveFile, run: TraceSearch, before: int) -> None:
        self.file, self._run, self._asked = file, run, Asked(file, before)
        self._journal, self._chunks = Journal(file, run.tables, run.checks), Chunks(file, run.tables.packing)
        self._layout = WideLayout(run.tables.packing)
        self._ended = dict.fromkeys(run.endings, 0)  # states in the file

    def begin_anew(self) -> None:
        """A check has asked for more order."""
        self._asked.begin_anew([step.label for step in self._run.execution.steps])

    def write(self) -> None:
        """Add what is new, and where the search stands."""
        run, count = self._run, self._chunks.count
        with self.file.writing() as connection:
            self._journal.write(connection)
            self._chunks.write(connection, Chunk.of(self._layout, islice(run.descent.seen, count, None), array("I")))
            for ending, states in run.endings.items():
                new = ((run.descent.seen[state], ending) for state in islice(states, self._ended[ending], None))
                connection.executemany("INSERT INTO terminals VALUES (?, ?)", new)
                self._ended[ending] = len(states)
            self.file.write_progress(connection, self._progress())

    def _progress(self) -> _Progress:
        run = self._run
        return _Progress(
            steps=tuple(step.label for step in run.execution.steps),
            sleeping=[dict(run.local.sleepers.told(sleeping)) for sleeping in run.descent.sleeping],
            branches=[_told(run.descent.branches.get(node, ())) for node in range(len(run.descent.states))],
            open=[run.open.get(position, []) for position in range(len(run.execution.steps))],
            fresh=run.descent.fresh,
            more=run.more,
            executions=run.executions,
            blocked=run.blocked,
            depth=run.depth,
            length=run.length,
            found=[(id, text, tuple(step.label for step in steps)) for id, (text, steps) in run.found.items()],
            seconds=run.watchdog.seconds,
            states=len(run.descent.seen),
            digest=self._journal.digest(),
        )

    def restore(self) -> bool:
        """Bring the search to where it stood; False when nothing was saved.

        Raises: `UserError`, `Unread`; `Unordered` when a check asked for more order than there is.
        """
        run = self._run
        if self._asked.again is not None:
            run.at(tuple(self._asked.again))
            raise self.file.damaged()  # no check has asked again
        place = self.file.read_progress(_Progress)
        if place is None:
            return False
        run.question.bounds.allow(place.states)
        reading = Reading(self.file, run.watchdog, place.states)
        self._journal.read(run.local.rows, place.digest, reading)
        states = [s for chunk in self._chunks.read(place.states, reading) for s in chunk.states(self._layout)]
        run.descent.seen = {state: number for number, state in enumerate(states)}
        for ending, known in run.endings.items():
            numbers = self.file.rows("SELECT state FROM terminals WHERE ending = ? ORDER BY rowid", ending)
            known.update((states[number], ()) for (number,) in numbers)
            self._ended[ending] = len(known)
        found = {id: (text, run.at(labels)) for id, text, labels in place.found}
        run.at(place.steps)
        run.found = found
        run.descent.sleeping = [run.local.sleepers.of(sleeping.items()) for sleeping in place.sleeping]
        run.descent.branches = {
            node: _tree(told, run.local.sleepers) for node, told in enumerate(place.branches) if told
        }
        run.descent.fresh, run.more = place.fresh, place.more
        run.open = {position: others for position, others in enumerate(place.open) if others}
        run.executions, run.blocked, run.length = place.executions, place.blocked, place.length
        run.depth, run.descent.root = place.depth, 0
        run.watchdog.resume(place.seconds)
        return True


@attrs.frozen
class _Named:
    label: int
    place: int
    kind: int
    sleeper: int


def _told(branches: Sequence[Branch]) -> list[Twig]:
    return [(depth, step.label, step.kind) for depth, step in steps_of(branches)]


def _tree(told: Sequence[Twig], sleepers: Sleepers) -> list[Branch]:
    places = [label >> OPTION_BITS for _, label, _ in told]
    return grown(
        (depth, _Named(label, place, kind, sleepers.bit(label, kind, place)))
        for place, (depth, label, kind) in zip(places, told, strict=True)
    )
