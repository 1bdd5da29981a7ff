"""Strategy "states" by a crew: each seat owns the states that fall to it by hash, and expands those.

Breadth first, level by level, as one process does it. A seat takes every step out of the new states of its part and
sorts what they lead to by owner; between two levels the search passes that on. Owners tell which states are new, so
nothing is counted twice, and all counts are those of one process. A search that ends with the first violation ends
with the level that it is in.

Steps are left out by how a state was first reached, as the loop does it (`explore.stateful.clusters`), whoever owns the
states. Let u, of an earlier context than t, be left out of a state to which t led from p. Then u leads from p to a
state that is no farther from the start, whose owner takes t, or leaves it out for a step of a later context still, and
so on up to the last one. So most of what lies in another part is never passed on: its owner finds it without help.

A packed state means the same everywhere, since everybody learns the same local steps in the same order: what
`parallel.pupil` says, and then **lessons**, states whose expansion teaches something. A seat that meets a local step
that was no part of a lesson puts the state aside; it is a lesson for all seats, which have another round on the level
then. Lessons are few.

A seat that died is filled by one that does all rounds of the part again, with the same results; what was sent to the
part is kept in a file for that. Hangs need the whole graph in one place, so they are not looked for here.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import attrs

from aprt.core.errors import ModelError, UserError, WorkersLost
from aprt.core.finding import Finding
from aprt.core.properties import endless
from aprt.explore.checking.judges import Violation
from aprt.explore.parallel.crew import PATIENCE, Crew, Forgotten, Pending, desk
from aprt.explore.parallel.ownership import deal_out
from aprt.explore.parallel.part import Account, Broken, Harvest
from aprt.explore.parallel.pupil import Pupil
from aprt.explore.parallel.role import UNLIKE, Beginning, Role, Round, account_of, forget, grow, schedule_of, way_to
from aprt.explore.result import Exploration, Origin, Question
from aprt.explore.stateful import states
from aprt.explore.stateful.loop_choice import compiles
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

P = ParamSpec("P")
R = TypeVar("R")

_LOOK = 0.2  # seconds between two looks at the clock
_SMALL = 15_000  # states that one process finds sooner than others could be told of them
_COMPILED = 8  # seats that find as many states per second as the compiled loop


def search(question: Question, origin: Origin, crew: Crew, small: int = _SMALL) -> Exploration:
    """Explore all states of what `origin` makes, as `question` says. The first `small` states are for one process: most
    searches have no more. Parts have the plain loop: where one process goes on with the compiled one, few are slower.
    What is asked `besides` is passed over, whatever the number of states.

    Raises: `UserError` for a property about hangs or about what is so for ever, for symmetry, and when the compiled
    loop is asked for.
    """
    if question.symmetry:
        raise UserError("states that differ by symmetry are told apart by one process only: leave out --jobs")
    if any(map(endless, question.properties)):
        raise UserError("hangs and loops are looked for by one process only: leave out --jobs and --cluster")
    if question.loop == "compiled":
        raise UserError("the compiled loop runs in one process only: leave out --jobs and --cluster, or --loop")
    question = attrs.evolve(question, besides=())
    if compiles(question) and crew.seats < _COMPILED:
        return states.search(question)
    most = question.bounds.max_states
    bounds = attrs.evolve(question.bounds, max_states=small if most is None else min(most, small))
    pupil = Pupil(attrs.evolve(question, bounds=bounds, loop="plain"))
    try:
        if pupil.found.stopped != "max_states" or most == pupil.found.states:
            return pupil.found
        with _Search(question, pupil, origin, crew) as run:
            return run.explore()
    finally:
        pupil.tables.close()


class _Search:
    """A context manager. depth: the number of steps to the states that are being expanded. lessons: that seats have not
    had. pupil: has learned what all learn at the beginning."""

    def __init__(self, question: Question, pupil: Pupil, origin: Origin, crew: Crew) -> None:
        self.question, self.pupil, self.crew = question, pupil, crew
        self.lessons: tuple[int, ...] = ()
        packing = pupil.packing
        shares = deal_out(pupil.sample, (packing.controls, tuple(packing.actors.values())), crew.seats)
        first = attrs.evolve(pupil.question.bounds, budget=None)
        beginning = Beginning(origin, first, question.certify, pupil.tables.digest())
        id = uuid.uuid4().hex
        self.id = id
        desk()[id] = os.getpid(), pupil  # for workers that are forked now
        self.parts = [Role(id, beginning, seat, crew.seats, shares) for seat in range(crew.seats)]
        self.files = ExitStack()
        files = (tempfile.TemporaryFile() for _ in self.parts)  # noqa: SIM115  # entered in the next line
        self.logs = [self.files.enter_context(file) for file in files]
        self.rounds = 0
        self.depth = self.reached = 0
        self.states = self.transitions = self.ends = self.deadlocks = self.oopses = 0
        self.found: dict[str, tuple[int, Broken]] = {}
        self.wrong: set[Violation] = set()
        self.watchdog = Watchdog(question)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        desk().pop(self.id, None)
        self.files.close()
        for part in self.parts:
            self.crew.submit(part.number, forget, part)

    def explore(self) -> Exploration:
        return self._answer(until_stopped(self._search))

    def _search(self) -> None:
        for id, text in self.pupil.checks.start(self.pupil.tables.first):
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
            harvests = self._round([Round(self.rounds, self.lessons, new, last) for new in news])
            self.rounds += 1
            done += harvests
            for harvest in harvests:
                self._count(harvest)
            self.lessons = tuple(state for harvest in harvests for state in harvest.aside)
            if not self.lessons:
                self._bound()
                return done
            news = [None] * len(self.parts)

    def _round(self, rounds: Sequence[Round]) -> list[Harvest]:
        """Have every seat do its round. Raises: `ModelError` when lessons taught one something else than others."""
        for log, round in zip(self.logs, rounds, strict=True):
            pickle.dump(round, log)
        harvests: dict[int, Harvest] = {}
        busy = {self._send(part, rounds[part.number]): part for part in self.parts}
        while busy:
            came = self.crew.wait(busy, _LOOK)
            self.watchdog.look(0, self.states, self.transitions, self.depth)
            for done in came:
                part = busy.pop(done)
                try:
                    harvests[part.number] = done.result()
                except (BrokenExecutor, Forgotten):
                    harvests[part.number] = self._again(part)
        if len({harvest.digest for harvest in harvests.values()}) > 1:
            raise ModelError(UNLIKE)
        return [harvests[part.number] for part in self.parts]

    def _send(self, part: Role, round: Round) -> Pending[Harvest]:
        return self.crew.submit(part.number, grow, part, round)

    def _again(self, part: Role) -> Harvest:
        """Have all rounds of a part done again, by another worker. What the last one came to."""
        for _ in range(PATIENCE - 1):
            self.crew.refill(part.number)
            log = self.logs[part.number]
            log.seek(0)
            try:
                self.crew.submit(part.number, forget, part).result()
                while True:
                    try:
                        harvest = self._send(part, pickle.load(log)).result()
                    except EOFError:
                        return harvest
            except (BrokenExecutor, Forgotten):
                continue
        raise WorkersLost(f"{PATIENCE} workers died over a part of the states (out of memory?)")

    def _count(self, harvest: Harvest) -> None:
        self.states += harvest.states
        if harvest.states:
            self.reached = max(self.reached, self.depth + bool(harvest.mine))
        self.transitions += harvest.transitions
        self.ends += harvest.ends
        self.deadlocks += harvest.deadlocks
        self.oopses += harvest.oopses
        self.wrong |= harvest.wrong
        for id, broken in harvest.broken.items():
            length = self.depth + (broken.via is not None)
            if id not in self.found or length < self.found[id][0]:
                self.found[id] = length, broken

    def _bound(self) -> None:
        most = self.question.bounds.max_states
        if most is not None and self.states >= most:
            raise Stop("max_states")

    def _ask(self, seat: int, work: Callable[Concatenate[Role, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the part there says, once all rounds were done."""
        while True:
            try:
                return self.crew.submit(seat, work, self.parts[seat], *args).result()
            except (BrokenExecutor, Forgotten):
                self._again(self.parts[seat])

    def _finding(self, id: str, length: int, broken: Broken) -> Finding:
        """With the shortest schedule."""
        if not length:  # nobody need be asked, and when the search was interrupted nobody may know
            return Finding(id, broken.text, self.pupil.tables.schedule(()))
        path: list[int] = []
        came: tuple[int, int] | None = broken.part, broken.number
        while came is not None:
            seat, number = came
            way, came = self._ask(seat, way_to, number)
            path = [*way, *path]
        return Finding(id, broken.text, self._ask(broken.part, schedule_of, path, broken.via))

    def _account(self, stopped: str | None) -> Account:
        """By a seat, for seats have learned more; when it has gone, of what is incomplete anyway by the pupil."""
        if stopped is None:
            return self._ask(0, account_of, True)
        try:
            return self.crew.submit(0, account_of, self.parts[0], False).result()
        except (BrokenExecutor, Forgotten):
            return Account.of(self.pupil, complete=False)

    def _answer(self, stopped: str | None) -> Exploration:
        shortest = sorted(self.found.items(), key=lambda item: item[1][0])
        kept = shortest[:1] if self.question.stop_on == "first" else shortest
        seconds = self.watchdog.seconds
        account = self._account(stopped)
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
            seconds=seconds,
            loop="plain",
            wrong=frozenset(self.wrong | self.pupil.checks.wrong),
            **attrs.asdict(account, recurse=False),
        )
