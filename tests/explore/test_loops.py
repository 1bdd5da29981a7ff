"""The compiled loop of strategy "states" gives what the plain one gives: all counts, findings, schedules."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any
from zlib import crc32

import attrs
import pytest
from numba import njit

from aprt import Alike, Mutex, Property, System, UserError, View, always, at_end
from aprt.core.events import Event
from aprt.core.properties import DEADLOCK, HANG, After, Before, History, Noted, Wrong
from aprt.explore.checking.checks import Checks
from aprt.explore.compiled import kernels
from aprt.explore.compiled.arrays import Arrays
from aprt.explore.explore import explore
from aprt.explore.learned.tables import Tables
from aprt.explore.result import Bounds, Exploration, LoopName, Progress, Question
from aprt.explore.stateful import loop_choice
from aprt.explore.stateful.layout import Layout, tight_widths
from aprt.explore.stateful.loop_choice import compiled_from
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS
from tests.explore.programs.cells import casw, lastzero, longpad
from tests.explore.programs.generated import generate
from tests.explore.programs.increment import increment_lock
from tests.explore.programs.locking import dining, nested
from tests.explore.programs.mailboxes import fan_in_out
from tests.explore.programs.peterson import peterson
from tests.explore.programs.teardown import last_put, pointer_teardown
from tests.explore.programs.two_phase import two_phase_commit
from tests.explore.tiny import Variable, increments, system
from tests.explore.tiny import dining as dining_for_ever

RULES = tuple(Property(id, id, (Noted(),)) for id in ("K1", "K2", "K3", "P2", "P9", "P22"))


def run(system: System, properties: tuple[Property, ...], loop: LoopName, **options: Any) -> Exploration:
    """What a loop finds."""
    found = explore(system, properties, loop=loop, **options)
    assert found.loop == loop or not found.transitions  # what is wrong with the initial state is found before
    return attrs.evolve(found, seconds=0.0)


def assert_loops_agree(system: System, properties: tuple[Property, ...], **options: Any) -> Exploration:
    """Gives what both loops find."""
    plain = run(system, properties, "plain", **options)
    assert run(system, properties, "compiled", **options) == plain
    return plain


def usual(system: System) -> tuple[Property, ...]:
    return (*RULES, DEADLOCK, HANG)


def every_kind(system: System) -> tuple[Property, ...]:
    """A property for each kind of check, which some states of most systems violate."""
    first, last = system.actors[0], system.actors[-1]
    mutexes = tuple(actor for actor in system.actors if isinstance(actor, Mutex))

    def pair(view: View) -> str | None:
        states = f"{view(first)} and {view(last)}"
        return states if crc32(states.encode()) % 7 == 0 else None

    def held(view: View, event: Event) -> str | None:
        return str(event.label) if any(view.held(mutex.name) for mutex in mutexes) else None

    def owed(view: View) -> str | None:
        return f"{view(first)}" if view.inflight("count") > 1 else None

    def seventh(memory: object, event: Event) -> int | Wrong:
        assert isinstance(memory, int)
        return Wrong(f"seven by {event.label}") if memory == 6 else memory + event.changed

    ops = {"read", "write", "lock", "load", "store", "send"}
    about = [(actor, op) for actor in system.actors for op in sorted(ops) if hasattr(type(actor), op)]
    return (
        always("pair", (first, last), pair),
        always("owed", (first,), owed),
        Property("before", "", tuple(Before(actor, op, (last,), held) for actor, op in about)),
        Property("after", "", tuple(After(actor, op, (actor, last), held) for actor, op in about)),
        Property("seventh", "", (History(0, system.actors, seventh),)),
        Property("third", "", (History(0, (first,), lambda memory, event: (int(str(memory)) + 1) % 3),)),
        at_end("end", (first,), lambda view: f"{view(first)}"),
        *usual(system),
    )


def quiet(system: System) -> tuple[Property, ...]:
    return ()


PROGRAMS = {
    "dining5": dining(5),
    "dining-for-ever7": dining_for_ever(7, looping=True),
    "nested": nested("GKM", "MG", "KM"),
    "lastzero5": lastzero(5),
    "casw4": casw(4),
    "increment-lock4": increment_lock(4),
    "peterson": peterson(),
    "fan-in-out4": fan_in_out(4),
    "last-put": last_put(unless_zero=False),
    "teardown": pointer_teardown(clear_first=False),
    "two-phase3": two_phase_commit(3),
    "increments4": increments(4)[0],
}


@pytest.mark.parametrize("checks", [quiet, usual, every_kind])
@pytest.mark.parametrize("program", PROGRAMS)
def test_loops_agree_on_programs(program: str, checks: Callable[[System], tuple[Property, ...]]) -> None:
    found = assert_loops_agree(PROGRAMS[program], checks(PROGRAMS[program]), stop_on="all")
    assert found.complete


@pytest.mark.parametrize("stop_on", ["first", "all"])
@pytest.mark.parametrize("seed", range(40))
def test_loops_agree_on_random_programs(seed: int, stop_on: str) -> None:
    program = generate(seed)
    assert_loops_agree(program, every_kind(program) if seed % 2 else usual(program), stop_on=stop_on)


@pytest.mark.parametrize("seed", [700069, 700168, 700397])
def test_steps_left_out_behind_the_last_one_that_is_looked_at_are_counted(seed: int) -> None:
    program = generate(seed, 8)
    assert_loops_agree(program, (HANG, *RULES), stop_on="all")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(20))
def test_loops_agree_on_2000_random_programs(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        program = generate(seed, 8)
        assert_loops_agree(program, (HANG, *RULES), stop_on="all", bounds=Bounds(max_states=20_000))


@pytest.mark.parametrize(
    "bounds",
    [*(Bounds(max_states=most) for most in (1, 2, 99, 390, 391)), *(Bounds(max_depth=most) for most in (0, 5, 15, 16))],
)
@pytest.mark.parametrize("checks", [usual, every_kind])
def test_loops_agree_on_what_is_within_bounds(bounds: Bounds, checks: Callable[[System], tuple[Property, ...]]) -> None:
    assert_loops_agree(dining(4), checks(dining(4)), stop_on="all", bounds=bounds)


@pytest.mark.parametrize("name", ["v4/rogue-close", "v4/h15", "v4/lost-kick", "2026/attach-while-lost"])
def test_loops_agree_on_the_interrupt_path(name: str) -> None:
    model = Case.parse(name, ERAS).model()
    assert_loops_agree(model.system, (*model.properties, HANG), stop_on="all", bounds=Bounds(max_states=20_000))


def counters(*limits: int) -> tuple[System, tuple[Variable, ...]]:
    """Contexts that each count a variable of their own up to a limit."""
    variables = tuple(Variable(f"x{i}") for i, _ in enumerate(limits))

    def counting(variable: Variable, limit: int) -> Callable[[], Any]:
        async def count() -> None:
            for _ in range(limit):
                await variable.give()

        return count

    starts = {f"c{i}": counting(x, limit) for i, (x, limit) in enumerate(zip(variables, limits, strict=True))}
    return system(*variables, **starts), variables


def test_loops_agree_when_states_are_packed_anew_and_much_is_remembered() -> None:
    counting, (x, y) = counters(80, 8)

    def far(view: View) -> str | None:
        return None if view(x).value + view(y).value < 70 else "far"

    def tell(memory: object, event: Event) -> Any:
        return Wrong("enough") if memory == 85 else int(str(memory)) + event.changed

    checks = (always("far", (x, y), far), Property("enough", "", (History(0, (x, y), tell),)), HANG)
    assert assert_loops_agree(counting, checks, stop_on="all").states == 81 * 9


def test_loops_agree_where_each_of_many_control_states_meets_few_of_many_values() -> None:
    counting, _ = counters(4000, 10)
    assert assert_loops_agree(counting, (DEADLOCK,)).states == 4001 * 11


def test_arrays_take_as_much_as_was_learned_not_control_states_times_values() -> None:
    counting, _ = counters(2000, 2000)
    checks = Checks((), counting)
    tables = Tables(counting, checks.packing, checks.due)
    state = 0
    while moves := tables.moves(state):
        state += moves[0][0]
    assert len(tables.learned) == 2 * 2001
    widths = tight_widths(checks.packing, range(len(checks.packing.counts())), 0)
    arrays = Arrays(tables, checks.packing, Layout(checks.packing, widths, summed=False))
    assert sum(array.nbytes for array in arrays.steps) < 256 * len(tables.learned)


def test_the_compiled_loop_takes_over_where_it_pays() -> None:
    counting, _ = counters(60, 60, 60)
    result = explore(counting, [HANG])
    assert (result.loop, result.complete, result.states, result.ends, result.depth) == (
        "compiled",
        True,
        226_981,
        1,
        180,
    )
    assert result.transitions == 3 * 60 * 61**2
    assert result.bytes_per_state is not None
    assert result.bytes_per_state <= 40


def test_small_searches_stay_with_the_plain_loop() -> None:
    assert explore(increments(3)[0]).loop == "plain"


def test_an_interrupt_ends_the_compiled_loop_with_what_it_has() -> None:
    racing, x = increments(4)

    def impatient(view: View) -> None:
        if view(x).value == 3:
            raise KeyboardInterrupt

    found = run(racing, (always("P1", (x,), impatient),), "compiled")
    assert (found.complete, found.stopped) == (False, "interrupted")
    assert found == run(racing, (always("P1", (x,), impatient),), "plain")


@pytest.mark.parametrize(
    ("states", "levels", "now"), [(149_999, 1, False), (150_000, 9_375, True), (150_000, 9_376, False)]
)
def test_the_compiled_loop_takes_over_where_states_are_many_on_many_levels_too(
    states: int, levels: int, now: bool
) -> None:
    question = Question(dining(3), ())
    assert compiled_from(question).now(states, levels) == now
    assert compiled_from(attrs.evolve(question, loop="compiled")).now(1, levels)
    assert not compiled_from(attrs.evolve(question, loop="plain")).now(states, 1)


def test_a_narrow_search_stays_with_the_plain_loop_and_a_wide_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_choice, "_PAYS", 100)
    narrow, wide = explore(longpad(60)), explore(dining(6))
    assert (narrow.loop, narrow.states > 100, narrow.states < 16 * narrow.depth) == ("plain", True, True)
    assert (wide.loop, wide.states > 16 * wide.depth) == ("compiled", True)


def test_it_is_told_while_a_search_compiles_what_was_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    program, seen = increments(4)[0], list[Progress]()
    run(program, (), "compiled")  # from now on all of it is
    known, new = kernels.expand, njit(lambda: 0)

    def expand(*args: Any) -> Any:
        new()
        return known(*args)

    def told() -> int:
        run(program, (), "compiled", report=seen.append)
        return sum(progress.compiling for progress in seen)

    assert told() == 0
    monkeypatch.setattr(kernels, "expand", expand)
    assert told() == 1
    njit(lambda: 0)()
    assert told() == 1


def test_the_compiled_loop_is_refused_where_it_cannot_run() -> None:
    racing, _ = increments(2)
    alike = attrs.evolve(racing, symmetry=(Alike((("t0",), ("t1",))),))
    with pytest.raises(UserError, match=r"^symmetry has a loop of its own: leave out --loop$"):
        explore(alike, loop="compiled", symmetry=True)
    with pytest.raises(UserError, match=r"^only strategy 'states' has loops to choose from, and not 'random'$"):
        explore(racing, strategy="random", loop="plain")


WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None; from aprt.cli import main; main()"


@pytest.mark.parametrize(("loop", "code"), [("compiled", 2), ("auto", 1), ("plain", 1)])
def test_without_numba_only_the_compiled_loop_is_missing(loop: str, code: int) -> None:
    command = [sys.executable, "-c", WITHOUT_NUMBA, "explore", "v4/h1", "--loop", loop]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    if code == 2:
        assert done.stderr == "aprt: the compiled loop needs numba: pip install 'aprt[fast]'\n"
