"""Strategy "states" by a crew: each seat owns the states that fall to it by hash, and expands those.

Breadth first, level by level, as one process does it. A seat takes every step out of the new states of its part and
sorts what they lead to by owner; between two levels the search passes that on. Owners tell which states are new, so
nothing is counted twice, and all counts are those of one process. A search that ends with the first violation ends
with the level that it is in.

Steps are left out by how a state was first reached, as the loop does it (`explore.clusters`), whoever owns the states.
Let u, of an earlier context than t, be left out of a state to which t led from p. Then u leads from p to a state that
is no farther from the start, whose owner takes t, or leaves it out for a step of a later context still, and so on up to
the last one. So most of what lies in another part is never passed on: its owner finds it without help.

A packed state means the same everywhere, since everybody learns the same local steps in the same order: only the
search itself learns, and what it learned is passed on as **lessons**, states whose expansion taught something. Whoever
expands the lessons in order has learned the same. A seat that meets a local step that was no part of a lesson puts the
state aside; that state is the next lesson, and the seats have another round on the level. Lessons are few.

A seat that died is filled by one that does all rounds of the part again, with the same results; what was sent to the
part is kept in a file for that. Hangs need the whole graph in one place, so they are not looked for here.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import uuid
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack
from itertools import pairwise

import attrs

from aprt.core.errors import ModelError, UserError
from aprt.core.properties import Finding
from aprt.explore import states
from aprt.explore.checks import Checks
from aprt.explore.exercised import exercised
from aprt.explore.loop import step_between
from aprt.explore.loop_choice import compiles
from aprt.explore.parallel.crew import PATIENCE, Crew, Forgotten, Pending, desk
from aprt.explore.parallel.ownership import Shares, deal_out
from aprt.explore.parallel.part import Broken, Harvest, Origin, Part, Pupil
from aprt.explore.result import Exploration, Question
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

_LOOK = 0.2  # seconds between two looks at the clock
_SMALL = 15_000  # states that one process finds sooner than others could be told of them
_COMPILED = 8  # seats that find as many states per second as the compiled loop
_SCOUTED, _FAR = 2_000, 300  # random steps, to learn most before all else; of one walk


@attrs.frozen
class _Round:
    """A round of a part. number: how many went before. parcels: what was found for it; None for another round on the
    same level."""

    number: int
    lessons: tuple[int, ...]
    parcels: tuple[bytes, ...] | None
    last: bool


@attrs.frozen
class _Part:
    """Which part of which search. digest: of the lessons of the first round."""

    search: str
    origin: Origin = attrs.field(eq=False)
    number: int
    of: int
    shares: Shares = attrs.field(eq=False)
    digest: str = attrs.field(eq=False)


def search(question: Question, origin: Origin, crew: Crew, small: int = _SMALL) -> Exploration:
    """Explore all states of what `origin` makes, as `question` says. The first `small` states are for one process: most
    searches have no more. Parts have the plain loop: where one process goes on with the compiled one, few are slower.

    Raises: `UserError` for a property about hangs or about what is so for ever, for symmetry, and when the compiled
    loop is asked for.
    """
    if question.symmetry:
        raise UserError("states that differ by symmetry are told apart by one process only: leave out --jobs")
    checks = Checks(question.properties, question.system)
    if checks.liveness or checks.eventually:
        raise UserError("hangs and loops are looked for by one process only: leave out --jobs and --cluster")
    if question.loop == "compiled":
        raise UserError("the compiled loop runs in one process only: leave out --jobs and --cluster, or --loop")
    if compiles(question) and crew.seats < _COMPILED:
        return states.search(question)
    first = states.search(_first(question, small))
    if first.stopped != "max_states" or question.bounds.max_states == first.states:
        return first
    run = _Search(question, origin, crew)
    try:
        return run.explore()
    finally:
        run.close()


def _first(question: Question, small: int) -> Question:
    most = question.bounds.max_states
    bounds = attrs.evolve(question.bounds, max_states=small if most is None else min(most, small))
    return attrs.evolve(question, bounds=bounds)


class _Search:
    """depth: the number of steps to the states that are being expanded. lessons: that seats have not had."""

    def __init__(self, question: Question, origin: Origin, crew: Crew) -> None:
        self.question, self.crew = question, crew
        self.teacher = Pupil(origin)
        most = question.bounds.max_depth
        self.lessons, met = self.teacher.scout(_SCOUTED, _FAR if most is None else most)
        shares, digest = deal_out(met, crew.seats), self.teacher.tables.digest()
        id = uuid.uuid4().hex
        self.id = id
        desk()[id] = os.getpid(), self.teacher  # for workers that are forked now
        self.parts = [_Part(id, origin, seat, crew.seats, shares, digest) for seat in range(crew.seats)]
        self.files = ExitStack()
        files = (tempfile.TemporaryFile() for _ in self.parts)  # noqa: SIM115  # entered in the next line
        self.logs = [self.files.enter_context(file) for file in files]
        self.rounds = 0
        self.depth = self.reached = 0
        self.states = self.transitions = self.ends = self.deadlocks = self.oopses = 0
        self.found: dict[str, tuple[int, Broken]] = {}
        self.watchdog = Watchdog(question)

    def close(self) -> None:
        desk().pop(self.id, None)
        self.teacher.tables.close()
        self.files.close()
        for part in self.parts:
            self.crew.submit(part.number, _forget, part)

    def explore(self) -> Exploration:
        return self._answer(until_stopped(self._search))

    def _search(self) -> None:
        for id, text in self.teacher.checks.start(self.teacher.tables.first):
            self.found[id] = 0, Broken(text, 0, 0, None)
        self.states = 1
        self._levels()

    def _levels(self) -> None:
        parcels: list[tuple[bytes, ...]] = [() for _ in self.parts]
        cut, more = False, True
        while more:
            if self.found and self.question.stop_on == "first":
                raise Stop("violation")
            last = self.depth == self.question.bounds.max_depth
            harvests = self._level(parcels, last)
            cut = cut or any(harvest.cut for harvest in harvests)
            parcels = [tuple(harvest.parcels[part.number] for harvest in harvests) for part in self.parts]
            more = any(harvest.mine for harvest in harvests) or any(map(any, parcels))
            self.depth += 1
        if cut:
            raise Stop("max_depth")

    def _level(self, parcels: Sequence[tuple[bytes, ...]], last: bool) -> list[Harvest]:
        """Have every seat go through a level, in as many rounds as it takes."""
        done: list[Harvest] = []
        news: Sequence[tuple[bytes, ...] | None] = parcels
        while True:
            harvests = self._round([_Round(self.rounds, self.lessons, new, last) for new in news])
            self.rounds += 1
            done += harvests
            for harvest in harvests:
                self._count(harvest)
            self.lessons = tuple(state for harvest in harvests for state in harvest.aside)
            if not self.lessons:
                self._bound()
                return done
            news = [None] * len(self.parts)

    def _round(self, rounds: Sequence[_Round]) -> list[Harvest]:
        """Have every seat do its round. Raises: `ModelError` when lessons taught one something else than others."""
        for log, round in zip(self.logs, rounds, strict=True):
            pickle.dump(round, log)
        harvests: dict[int, Harvest] = {}
        busy = {self._send(part, rounds[part.number]): part for part in self.parts}
        self.teacher.learn(self.lessons)  # while others do
        while busy:
            came = self.crew.wait(busy, _LOOK)
            self.watchdog.look(0, self.states, self.transitions, self.depth)
            for done in came:
                part = busy.pop(done)
                try:
                    harvests[part.number] = done.result()
                except (BrokenExecutor, Forgotten):
                    harvests[part.number] = self._again(part)
        if {harvest.digest for harvest in harvests.values()} != {self.teacher.tables.digest()}:
            raise ModelError("the model is not the same in every process (does it iterate over a set of strings?)")
        return [harvests[part.number] for part in self.parts]

    def _send(self, part: _Part, round: _Round) -> Pending[Harvest]:
        return self.crew.submit(part.number, _grow, part, round)

    def _again(self, part: _Part) -> Harvest:
        """Have all rounds of a part done again, by another worker. What the last one came to."""
        for _ in range(PATIENCE - 1):
            self.crew.refill(part.number)
            log = self.logs[part.number]
            log.seek(0)
            try:
                self.crew.submit(part.number, _forget, part).result()
                while True:
                    try:
                        harvest = self._send(part, pickle.load(log)).result()
                    except EOFError:
                        return harvest
            except (BrokenExecutor, Forgotten):
                continue
        raise UserError(f"{PATIENCE} workers died over a part of the states (out of memory?)")

    def _count(self, harvest: Harvest) -> None:
        self.states += harvest.states
        if harvest.states:
            self.reached = max(self.reached, self.depth + bool(harvest.mine))
        self.transitions += harvest.transitions
        self.ends += harvest.ends
        self.deadlocks += harvest.deadlocks
        self.oopses += harvest.oopses
        for id, broken in harvest.broken.items():
            length = self.depth + (broken.via is not None)
            if id not in self.found or length < self.found[id][0]:
                self.found[id] = length, broken

    def _bound(self) -> None:
        most = self.question.bounds.max_states
        if most is not None and self.states >= most:
            raise Stop("max_states")

    def _steps(self, length: int, broken: Broken) -> list[int]:
        """The numbers of the steps that show it, by the shortest way."""
        if not length:  # nobody need be asked, and when the search was interrupted nobody may know
            return []
        path: list[int] = []
        came: tuple[int, int] | None = broken.part, broken.number
        while came is not None:
            seat, number = came
            try:
                way, came = self.crew.submit(seat, _way, self.parts[seat], number).result()
                path = [*way, *path]
            except (BrokenExecutor, Forgotten):
                self._again(self.parts[seat])
        steps = [step_between(self.teacher.tables, here, there) for here, there in pairwise(path)]
        return steps if broken.via is None else [*steps, broken.via]

    def _answer(self, stopped: str | None) -> Exploration:
        shortest = sorted(self.found.items(), key=lambda item: item[1][0])
        kept = shortest[:1] if self.question.stop_on == "first" else shortest
        seconds = self.watchdog.seconds
        return Exploration(
            strategy="states",
            stopped=stopped,
            findings=tuple(self._finding(id, *found) for id, found in kept),
            states=self.states,
            transitions=self.transitions,
            executions=0,
            depth=self.reached,
            ends=self.ends,
            deadlocks=self.deadlocks,
            oopses=self.oopses,
            unasked=tuple(sorted(self.teacher.checks.unasked)),
            seconds=seconds,
            unmerged=tuple(sorted(self.teacher.tables.unmerged)),
            loop="plain",
            lock_order=self.teacher.checks.order,
            exercise=None if stopped else exercised(self.question, self.teacher.tables),
        )

    def _finding(self, id: str, length: int, broken: Broken) -> Finding:
        return Finding(id, broken.text, self.teacher.tables.schedule(self._steps(length, broken)))


def _grow(part: _Part, round: _Round) -> Harvest:
    kept: tuple[int, Part] | None = desk().get(part)
    rounds, whole = kept or (0, Part(_pupil(part), part.number, part.of, part.shares))
    if rounds != round.number:
        raise Forgotten
    desk()[part] = rounds + 1, whole
    whole.attend(round.lessons)
    return whole.again(round.last) if round.parcels is None else whole.grow(round.parcels, round.last)


def _pupil(part: _Part) -> Pupil:
    """The teacher, if this process was forked when that had learned just what is to be learned first."""
    known: tuple[int, Pupil] | None = desk().get(part.search)
    if known is None or known[0] == os.getpid() or known[1].tables.digest() != part.digest:
        return Pupil(part.origin)
    return known[1]


def _way(part: _Part, number: int) -> tuple[list[int], tuple[int, int] | None]:
    if part not in desk():
        raise Forgotten
    whole: Part = desk()[part][1]
    return whole.way(number)


def _forget(part: _Part) -> None:
    desk().pop(part.search, None)
    if part in desk():
        desk().pop(part)[1].tables.close()
