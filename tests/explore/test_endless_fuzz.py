"""What goes on for ever in random programs, against the explicit state graph that an interpreter of its own makes."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Collection
from functools import partial
from typing import TypeAlias

import attrs
import pytest

from aprt.core.effects import choose
from aprt.core.finding import Finding
from aprt.core.properties import LIVELOCK, Eventually, NoLivelock, Property
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.explore.result import LoopName
from aprt.kernel.cell import Cell
from aprt.kernel.mutex import Mutex
from aprt.verdict.confirm import confirm

FLAGS = (Cell("f0", 0), Cell("f1", 0))
LOCK = Mutex("m")
LOOPS: tuple[LoopName, LoopName] = ("plain", "compiled")

Line: TypeAlias = tuple[str, int, int, int]  # what to do, the flag, the value, where to go on instead
Code: TypeAlias = tuple[Line, ...]


async def behave(code: Code) -> None:
    at, held = 0, False
    while at < len(code):
        what, flag, value, to = code[at]
        at += 1
        if what == "write":
            await FLAGS[flag].write(value)
        elif what == "read":
            at = to if await FLAGS[flag].read() == value else at
        elif what == "choose":
            at = to if await choose("way", "on", "back") == "back" else at
        elif what == "lock" and not held:
            await LOCK.lock()
            held = True
        elif what == "trylock" and not held:
            held = await LOCK.trylock()
            at = at if held else to
        elif what == "unlock" and held:
            await LOCK.unlock()
            held = False


@attrs.frozen
class State:
    at: tuple[int, ...]  # of each context, the line of its next step
    flags: tuple[int, ...] = (0, 0)
    owner: int | None = None


@attrs.frozen
class Step:
    context: int
    op: str
    takes: bool
    target: State


@attrs.frozen
class Program:
    codes: tuple[Code, ...]

    def system(self) -> System:
        contexts = (Context(f"c{i}", partial(behave, code)) for i, code in enumerate(self.codes))
        return System((*FLAGS, LOCK), tuple(contexts))

    def line(self, context: int, at: int, owner: int | None) -> int:
        """The next one that is a step."""
        skipped = {"lock", "trylock"} if owner == context else {"unlock"}
        while at < len(self.codes[context]) and self.codes[context][at][0] in skipped:
            at += 1
        return at

    def start(self) -> State:
        return State(tuple(self.line(i, 0, None) for i in range(len(self.codes))))

    def steps(self, state: State) -> list[Step]:
        return [step for context in range(len(self.codes)) for step in self._steps(state, context)]

    def _steps(self, state: State, context: int) -> list[Step]:
        if state.at[context] == len(self.codes[context]):
            return []
        what, flag, value, to = self.codes[context][state.at[context]]
        on = state.at[context] + 1

        def step(op: str, at: int, flags: tuple[int, ...] = state.flags, owner: int | None = state.owner) -> Step:
            places = list(state.at)
            places[context] = self.line(context, at, owner)
            takes = owner == context != state.owner
            return Step(context, op, takes, State(tuple(places), flags, owner))

        free = state.owner is None
        match what:
            case "write":
                flags = tuple(value if i == flag else old for i, old in enumerate(state.flags))
                return [step(f"f{flag}.write", on, flags)]
            case "read":
                return [step(f"f{flag}.read", to if state.flags[flag] == value else on)]
            case "choose":
                return [step("choose way=on", on), step("choose way=back", to)]
            case "lock":
                return [step("m.lock", on, owner=context)] if free else []
            case "trylock":
                return [step("m.trylock", on, owner=context) if free else step("m.trylock", to)]
            case _:
                return [step("m.unlock", on, owner=None)]


def program(seed: int) -> Program:
    lots = random.Random(seed)
    kinds = ["write", "read", "read", "choose", "lock", "trylock", "unlock"]

    def code() -> Code:
        size = lots.randint(1, 4)
        return tuple(
            (lots.choice(kinds), lots.randrange(2), lots.randrange(2), lots.randint(0, size)) for _ in range(size)
        )

    return Program(tuple(code() for _ in range(lots.randint(1, 3))))


class Explicit:
    """The whole state graph. far: the fewest steps to each state. lost: those that reach none without steps.

    bottoms: the strongly connected components that no step leads out of, as Kosaraju found them, with steps.
    """

    def __init__(self, program: Program) -> None:
        start = program.start()
        self.far, self.steps = {start: 0}, dict[State, list[Step]]()
        todo = deque([start])
        while todo:
            state = todo.popleft()
            self.steps[state] = program.steps(state)
            for step in self.steps[state]:
                if step.target not in self.far:
                    self.far[step.target] = self.far[state] + 1
                    todo.append(step.target)
        self.sources: dict[State, list[State]] = {state: [] for state in self.far}
        for state, steps in self.steps.items():
            for step in steps:
                self.sources[step.target].append(state)
        good = self._back([state for state, steps in self.steps.items() if not steps], set())
        self.lost = set(self.far) - good
        components, done = [], set[State]()
        for state in reversed(self._finished()):
            if state not in done:
                components.append(self._back([state], done))
                done |= components[-1]
        self.bottoms = [part for part in components if self._is_bottom(part)]

    def _back(self, todo: list[State], without: set[State]) -> set[State]:
        """What leads to these, by states that are not `without`."""
        found = set(todo)
        while todo:
            for source in self.sources[todo.pop()]:
                if source not in found and source not in without:
                    found.add(source)
                    todo.append(source)
        return found

    def _finished(self) -> list[State]:
        """The states in the order in which a search depth first has done with them."""
        order, seen, todo = list[State](), set[State](), [(next(iter(self.far)), False)]
        while todo:
            state, done = todo.pop()
            if done:
                order.append(state)
            elif state not in seen:
                seen.add(state)
                todo.append((state, True))
                todo += [(step.target, False) for step in self.steps[state]]
        return order

    def _is_bottom(self, part: set[State]) -> bool:
        steps = [step for state in part for step in self.steps[state]]
        return bool(steps) and all(step.target in part for step in steps)

    def follow(self, start: State, finding: Finding, first: int, last: int) -> list[Step]:
        """The steps of this part of a schedule."""
        steps = list[Step]()
        for label in finding.schedule.labels[first:last]:
            here = steps[-1].target if steps else start
            steps += [s for s in self.steps[here] if (f"c{s.context}", s.op) == (label.context, label.op)]
        assert len(steps) == len(finding.schedule.labels[first:last])
        return steps

    def fewest(self, start: State, within: Collection[State]) -> int | None:
        """The fewest steps round from there that neglect nobody, breadth first over states and who is neglected."""
        Walk: TypeAlias = tuple[State, frozenset[int], frozenset[int], frozenset[int]]
        able = {state: frozenset(step.context for step in self.steps[state]) for state in within}
        takers = {state: frozenset(step.context for step in self.steps[state] if step.takes) for state in within}
        seen, level, steps = set[Walk](), {(start, able[start], takers[start], frozenset[int]())}, 0
        while level:
            if steps and any(here == start and not waiting and denied <= has for here, waiting, denied, has in level):
                return steps
            seen |= level
            level = {
                (
                    step.target,
                    (waiting - {step.context}) & able[step.target],
                    denied | takers[step.target],
                    has | {step.context} if step.takes else has,
                )
                for here, waiting, denied, has in level
                for step in self.steps[here]
                if step.target in within
            } - seen
            steps += 1
        return None


def neglects_nobody(graph: Explicit, loop: list[Step]) -> bool:
    states = [graph.steps[step.target] for step in loop]
    always = frozenset.intersection(*(frozenset(step.context for step in steps) for steps in states))
    once = {step.context for steps in states for step in steps if step.takes}
    return always <= {step.context for step in loop} and once <= {step.context for step in loop if step.takes}


def test_livelocks_are_those_of_the_explicit_state_graph_and_shown_by_once_round_where_nothing_leads_out() -> None:
    (check,) = LIVELOCK.checks
    assert isinstance(check, NoLivelock)
    lengths, lost = Counter[int](), Counter[bool]()
    for seed in range(1_000):
        tried = program(seed)
        graph, found = Explicit(tried), explore(tried.system(), (LIVELOCK,))
        assert found.states == len(graph.far)
        assert bool(found.findings) == bool(graph.lost)
        lost[bool(graph.lost)] += 1
        if not graph.lost:
            continue
        (finding,) = found.findings
        far = len(finding.schedule) - finding.loop
        way = graph.follow(tried.start(), finding, 0, far)
        here = way[-1].target if way else tried.start()
        loop = graph.follow(here, finding, far, far + finding.loop)
        (bottom,) = (part for part in graph.bottoms if here in part)
        assert loop[-1].target == here
        assert bottom <= graph.lost
        assert {step.target for step in loop} <= bottom
        assert far == min(graph.far[state] for part in graph.bottoms for state in part)
        assert neglects_nobody(graph, loop)
        assert finding.loop == graph.fewest(here, bottom)
        assert finding.text == check.text([f"c{i}" for i in dict.fromkeys(step.context for step in loop)])
        lengths[finding.loop] += 1
        if seed < 100:
            confirm(tried.system(), finding, LIVELOCK)
    assert min(lost.values()) > 200
    assert max(lengths) > 4


def test_what_stays_so_for_ever_does_where_a_search_from_every_state_finds_a_fair_loop() -> None:
    unset = Property("unset", "", (Eventually((FLAGS[0],), lambda view: None if view(FLAGS[0]).value else "unset"),))
    kinds = Counter[str]()
    for seed in range(400):
        tried = program(seed)
        graph, found = Explicit(tried), explore(tried.system(), (unset,), stop_on="all")
        so = [state for state in graph.far if not state.flags[0]]
        over = min((graph.far[state] for state in so if not graph.steps[state]), default=None)
        loops = {state: steps for state in so if (steps := graph.fewest(state, set(so))) is not None}
        far = min((graph.far[state] for state in loops), default=None)
        assert bool(found.findings) == (over is not None or bool(loops))
        for finding in found.findings:
            total = len(finding.schedule)
            if finding.loop:
                way = graph.follow(tried.start(), finding, 0, total - finding.loop)
                here = way[-1].target if way else tried.start()
                loop = graph.follow(here, finding, len(way), total)
                assert (len(way), finding.loop) == (far, loops[here])
                assert loop[-1].target == here
                assert neglects_nobody(graph, loop)
                assert not any(step.target.flags[0] for step in loop)
                assert over is None or total < over
                kinds["loop"] += 1
            else:
                assert total == over
                assert total <= max((graph.far[s] + loops[s] for s in loops if graph.far[s] == far), default=total)
                kinds["end"] += 1
    assert kinds == {"end": 234, "loop": 128}


def test_the_compiled_loop_shows_the_same_livelocks() -> None:
    pytest.importorskip("numba")
    shown = 0
    for seed in range(60):
        system = program(seed).system()
        plain, compiled = (explore(system, (LIVELOCK,), loop=loop) for loop in LOOPS)
        assert (compiled.loop, compiled.states, compiled.findings) == ("compiled", plain.states, plain.findings)
        shown += len(plain.findings)
    assert shown == 20
