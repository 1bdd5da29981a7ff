"""A search over the states that matter, in a file: what it has met, and what it knows, before it enters a state.

What contexts may still do follows from what was learned, and is not kept. What is kept, and changes: which contexts it
has become used to try first, and how much it knew of each state when it left that. As it comes back to some states,
these numbers are written anew with every save.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from aprt.explore.checking.judges import violated
from aprt.explore.commuting.local_steps import LocalStep
from aprt.explore.learned.packing import INITIAL
from aprt.explore.saved.asked import Asked
from aprt.explore.saved.chunks import Chunks
from aprt.explore.saved.file import SaveFile
from aprt.explore.saved.journal import Journal
from aprt.explore.saved.reading import Reading
from aprt.explore.saved.series import Series
from aprt.explore.stateful.chunk import Chunk, joined, mark
from aprt.explore.stateful.layout import WideLayout

if TYPE_CHECKING:
    from aprt.explore.persistent_sets.reduced import ReducedSearch

_WORD = 64  # bits of a number in a series


@attrs.frozen
class _Progress:
    """luck: (context, control state, how much). found: (property, text, numbers of steps). states: in the file."""

    ends: int
    deadlocks: int
    cut: bool
    luck: list[tuple[int, int, int]]
    vain: int
    found: list[tuple[str, str, list[int]]]
    seconds: float
    states: int
    digest: str


class SavedReduced:
    """The file of the search `run`. before: how many attempts were given up before it (`Asked`)."""

    def __init__(self, file: SaveFile, run: ReducedSearch, before: int) -> None:
        self.file, self._run, self._asked = file, run, Asked(file, before)
        self._journal, self._chunks = Journal(file, run.tables, run.checks), Chunks(file, run.packing)
        self._layout = WideLayout(run.packing)
        self._words = -(-len(run.local.rows) // _WORD)  # of a set of contexts
        self._via, self._sources, self._targets = (Series(file, name) for name in ("via", "sources", "targets"))
        self._possible, self._moved, self._known = (Series(file, name) for name in ("possible", "moved", "known"))

    def begin_anew(self) -> None:
        """A check has asked for more order."""
        taking = self._run.taking
        if taking is None:
            self._asked.begin_anew(())
            return
        here, step = taking
        self._asked.begin_anew([*self._labels(self._run.met.way_to(here)), step.label])

    def write(self) -> None:
        """Add what is new; before a state is entered."""
        run, count = self._run, self._chunks.count
        parents = mark(array("I", run.met.parents[count:]), sorted(run.oopses), count)
        with self.file.writing() as connection:
            self._journal.write(connection)
            self._chunks.write(connection, Chunk.of(self._layout, run.met.states[count:], parents))
            self._via.write(connection, run.met.via)
            self._sources.write(connection, run.sources)
            self._targets.write(connection, run.targets)
            self._possible.write(connection, self._flat(run.possible))
            self._moved.rewrite(connection, self._flat(run.moved))
            self._known.rewrite(connection, run.known)
            self.file.write_progress(connection, self._progress())

    def _progress(self) -> _Progress:
        run = self._run
        return _Progress(
            ends=run.ends,
            deadlocks=run.deadlocks,
            cut=run.cut,
            luck=[(place, control, luck) for (place, control), luck in run.sets.luck.items()],
            vain=run.sets.vain,
            found=[(id, text, steps) for id, (text, steps) in run.found.items()],
            seconds=run.watchdog.seconds,
            states=len(run.met),
            digest=self._journal.digest(),
        )

    def restore(self) -> bool:
        """Bring the search to where it stood; False when nothing was saved.

        Raises: `UserError`, `Unread`; `Unordered` when a check asked for more order than there is.
        """
        run = self._run
        if self._asked.again is not None:
            self._follow(self._asked.again)
            raise self.file.damaged()  # no check has asked again
        progress = self.file.read_progress(_Progress)
        if progress is None:
            return False
        run.question.bounds.allow(progress.states)
        reading = Reading(self.file, run.watchdog, progress.states)
        self._journal.read(run.local.rows, progress.digest, reading)
        run.futures.refresh()
        self._read_states(self._chunks.read(progress.states, reading))
        run.possible, run.moved = (self._sets(series.read()) for series in (self._possible, self._moved))
        run.known, run.sources, run.targets = (s.read() for s in (self._known, self._sources, self._targets))
        lengths = len(run.met.via), len(run.moved), len(run.known), len(run.targets)
        if lengths != (len(run.met), len(run.possible), len(run.possible), len(run.sources)):
            raise self.file.damaged()
        run.ends, run.deadlocks, run.cut = progress.ends, progress.deadlocks, progress.cut
        run.sets.luck.update({(place, control): luck for place, control, luck in progress.luck})
        run.sets.vain = progress.vain
        run.found = {id: (text, steps) for id, text, steps in progress.found}
        run.watchdog.resume(progress.seconds)
        return True

    def _read_states(self, chunks: Iterable[Chunk]) -> None:
        run = self._run
        states, parents, oopses = joined(chunks, self._layout)
        run.met.restore(states, parents, self._via.read())
        run.oopses = set(oopses)
        run.depths = array("Q", [0])
        for parent in parents[1:]:
            run.depths.append(run.depths[parent] + 1)

    def _labels(self, numbers: Sequence[int]) -> Iterator[int]:
        """The labels of the steps of an execution, given their numbers."""
        state = INITIAL
        for number in numbers:
            step = next(step for step in self._options(state) if step.number == number)
            yield step.label
            state = self._after(state, step)

    def _follow(self, labels: Sequence[int]) -> None:
        """Take the steps of these labels, so that checks look at them."""
        state = INITIAL
        for label in labels:
            step = next((step for step in self._options(state) if step.label == label), None)
            if step is None:
                raise self.file.damaged()
            state = self._after(state, step)

    def _options(self, state: int) -> Iterator[LocalStep]:
        numbers = self._run.packing.numbers(state)
        for place, rows in enumerate(self._run.local.rows):
            slot, options = rows[numbers[place]]
            yield from options[numbers[slot]]

    def _after(self, state: int, step: LocalStep) -> int:
        successor = state + step.delta
        if step.watch is not None:
            successor, _ = step.watch.look(state, successor)
        violated(step.judges, successor)
        return successor

    def _flat(self, sets: Iterable[int]) -> array[int]:
        """Sets of contexts as numbers: for each set `_words` of them."""
        size = self._words * _WORD // 8
        return array("Q", b"".join(bits.to_bytes(size, "little") for bits in sets))

    def _sets(self, flat: array[int]) -> list[int]:
        size = self._words * _WORD // 8
        packed = flat.tobytes()
        return [int.from_bytes(packed[start : start + size], "little") for start in range(0, len(packed), size)]
