"""Symmetry: exact numbers of orbits, what is refused and why, and findings that really happen."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import attrs
import pytest

from aprt import (
    Actor,
    Alike,
    Caller,
    Context,
    ModelError,
    Mutex,
    Outcome,
    Property,
    Renaming,
    System,
    UserError,
    View,
    always,
    at_end,
    choose,
    explore,
    handler,
)
from aprt.core.events import Event
from aprt.core.properties import DEADLOCK, HANG, After, AtEnd, History, Wrong
from aprt.explore.replay import replay
from aprt.explore.result import Bounds
from aprt.explore.stateful import symmetry
from aprt.kernel.held import held
from aprt.kernel.rwsem import RwSem
from tests.explore.orbits import check_orbits
from tests.explore.programs.cells import Cell
from tests.explore.programs.generated import generate_alike
from tests.explore.programs.increment import increment, increment_lock
from tests.explore.programs.two_phase import two_phase_commit

ORBITS = (
    *((increment, n, orbits) for n, orbits in ((2, 8), (3, 22), (4, 63))),
    *((increment_lock, n, orbits) for n, orbits in ((2, 9), (3, 13), (4, 17))),
    *((two_phase_commit, n, orbits) for n, orbits in ((2, 34), (3, 80), (4, 166), (5, 314))),
    pytest.param(two_phase_commit, 6, 553, marks=pytest.mark.slow),
)


@pytest.mark.parametrize(("program", "n", "orbits"), ORBITS)
def test_orbits_of_textbook_protocols(program: Callable[[int], System], n: int, orbits: int) -> None:
    found = explore(program(n), symmetry=True)
    assert (found.states, found.complete, found.symmetry) == (orbits, True, True)


@pytest.mark.parametrize("few", [0, 8])
@pytest.mark.parametrize("seed", range(40))
def test_orbits_of_random_programs_are_those_of_the_plain_search(
    seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(symmetry, "_FEW", few)
    check_orbits(generate_alike(seed))


def nested(outer: int, inner: int) -> System:
    """Houses that are alike, each with a lock, and with tenants who are alike and use it one after the other."""
    houses = tuple(Mutex(f"h{i}") for i in range(outer))
    bell = Cell("bell")

    async def visit(door: Mutex) -> None:
        async with held(door):
            await bell.write(1)

    tenants = tuple(tuple(f"h{i}t{j}" for j in range(inner)) for i in range(outer))
    contexts = [
        Context(name, partial(visit, door)) for door, names in zip(houses, tenants, strict=True) for name in names
    ]
    streets = Alike(tuple((door.name, *names) for door, names in zip(houses, tenants, strict=True)))
    within = tuple(Alike(tuple((name,) for name in names)) for names in tenants)
    return System((*houses, bell), tuple(contexts), symmetry=(*within, streets))


def test_members_of_members_are_permuted_within_theirs_and_go_along_with_them() -> None:
    assert check_orbits(nested(2, 2)) == (28, 144)
    assert check_orbits(nested(3, 2)) == (84, 1728)


def grid(rows: int, columns: int) -> System:
    """A cell in each place of a grid, each written once: rows are alike, and so are columns."""
    cells = {(r, c): Cell(f"{r}.{c}") for r in range(rows) for c in range(columns)}

    async def write(cell: Cell) -> None:
        await cell.write(1)

    contexts = tuple(Context(f"w {cell.name}", partial(write, cell)) for cell in cells.values())

    def alike(count: int, axis: int) -> Alike:
        lines = [[cell.name for at, cell in cells.items() if at[axis] == n] for n in range(count)]
        return Alike(tuple((*line, *(f"w {name}" for name in line)) for line in lines))

    return System(tuple(cells.values()), contexts, symmetry=(alike(rows, 0), alike(columns, 1)))


@pytest.mark.parametrize(("rows", "columns", "orbits"), [(2, 2, 7), (2, 3, 13), (3, 3, 36)])
def test_what_is_in_two_classes_at_once_goes_with_both(rows: int, columns: int, orbits: int) -> None:
    # the numbers of binary matrices up to the order of rows and columns (OEIS A028657)
    assert check_orbits(grid(rows, columns)) == (orbits, 2 ** (rows * columns))


@pytest.mark.parametrize(
    "system", [grid(3, 3), nested(2, 2), nested(3, 2), *map(generate_alike, range(8)), two_phase_commit(3)]
)
def test_views_only_save_work(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    orbits = explore(system, symmetry=True).states
    monkeypatch.setattr(symmetry, "_FEW", 0)
    assert check_orbits(system)[0] == orbits
    monkeypatch.setattr(symmetry, "_weight", lambda orbit: 0)
    assert check_orbits(system)[0] == orbits


def test_what_is_told_apart_is_dropped_and_the_rest_stays_alike() -> None:
    system = nested(2, 2)

    async def knock() -> None:
        await system.actors[0].lock()
        await system.actors[0].unlock()

    knocking = System(system.actors, (*system.contexts, Context("guest", knock)), symmetry=system.symmetry)
    found = explore(knocking, symmetry=True)
    assert found.apart == ("if h0 and h1 change places, guest does h0.lock, and something else then",)
    assert found.states == explore(attrs.evolve(knocking, symmetry=system.symmetry[:2]), symmetry=True).states
    assert Bounds(budget=2.5).after(1.0) == Bounds(budget=1.5)
    assert Bounds(budget=2.5).after(3.0) == Bounds(budget=0.0)


def pair(*actors: Actor[Any], one: Callable[[], Any], other: Callable[[], Any] | None = None) -> System:
    """Two contexts that are declared alike."""
    contexts = (Context("a", one), Context("b", other or one))
    return System(actors, contexts, symmetry=(Alike((("a",), ("b",))),))


def refused(system: System, *properties: Property) -> str:
    """Why a search with symmetry is refused."""
    with pytest.raises(UserError) as caught:
        explore(system, properties, stop_on="all", symmetry=True)
    return str(caught.value).removeprefix("no symmetry: ")


# what is not symmetric


def test_symmetry_needs_a_declaration() -> None:
    async def nothing() -> None:
        pass

    assert (
        refused(System((), (Context("a", nothing),)))
        == "nothing in this system is declared to be alike; leave out --symmetry"
    )


def test_contexts_that_do_different_things_are_not_alike() -> None:
    x, y = Cell("x"), Cell("y")

    async def use(cell: Cell, value: int) -> None:
        await x.read()
        await cell.write(value)

    different_actor = pair(x, y, one=partial(use, x, 1), other=partial(use, y, 1))
    assert refused(different_actor) == "if a and b change places, a does x.write, and something else then"


def test_different_values_are_a_difference_when_somebody_acts_on_them() -> None:
    x = Cell("x")

    async def write(value: int) -> None:
        await x.write(value)

    async def write_once(value: int) -> None:
        if await x.read() != 1:
            await x.write(value)

    written = pair(x, one=partial(write, 1), other=partial(write, 2))
    assert (explore(written, symmetry=True).states, explore(written).states) == (3, 5)
    read = pair(x, one=partial(write_once, 1), other=partial(write_once, 2))
    assert refused(read) == "if a and b change places, b does x.read, and goes on differently then"
    one = always("P1", (x,), lambda view: "1" if view(x).value == 1 else None)
    assert refused(written, one) == "if a and b change places, P1 tells them apart"


def test_an_order_in_which_members_come_is_no_symmetry() -> None:
    cells = (Cell("x"), Cell("y"))

    async def wipe() -> None:
        for cell in cells:
            await cell.write(1)

    ordered = System(cells, (Context("w", wipe),), symmetry=(Alike((("x",), ("y",))),))
    assert refused(ordered) == "if x and y change places, w does x.write, and something else then"

    async def wipe_any() -> None:
        left = ("x", "y")
        while left:
            chosen = await choose("which", *left)
            await cells[chosen == "y"].write(1)
            left = tuple(name for name in left if name != chosen)

    unordered = System(cells, (Context("w", wipe_any),), symmetry=(Alike((("x",), ("y",))),))
    assert (explore(unordered, symmetry=True).states, explore(unordered).states) == (5, 8)


def test_members_may_start_differently_while_nobody_acts_on_it() -> None:
    x, y = Cell("x"), Cell("y")

    async def look(cell: Cell) -> None:
        await cell.read()

    async def act(cell: Cell) -> None:
        await cell.write(2 + await cell.read() // 2)
        await choose("seen", *range(await cell.read()))

    def system(behaviour: Callable[[Cell], Any], value: int) -> System:
        contexts = (Context("a", partial(behaviour, x)), Context("b", partial(behaviour, y)))
        start = {"y": attrs.evolve(y.initial(), value=value)}
        return System((x, y), contexts, start, symmetry=(Alike((("x", "a"), ("y", "b"))),))

    assert (explore(system(look, 1), symmetry=True).states, explore(system(look, 1)).states) == (3, 4)
    assert refused(system(act, 2)).endswith(" does choose seen, and then it is enabled otherwise")


def test_a_daemon_is_not_like_another_context() -> None:
    async def nothing() -> None:
        pass

    contexts = (Context("a", nothing), Context("b", nothing, daemon=True))
    assert refused(System((), contexts, symmetry=(Alike((("a",), ("b",))),))) == (
        "if a and b change places, a is a context without a counterpart"
    )


@attrs.frozen(eq=False)
class Favourite(Actor[frozenset[str]]):
    """Who came. Whoever comes last is told so, unless it is `c`."""

    def initial(self) -> frozenset[str]:
        return frozenset()

    @handler(writes="*")
    def come(self, state: frozenset[str], by: Caller) -> Outcome[frozenset[str], bool]:
        return state | {by.context}, len(state) == 3 and by.context != "c"


def test_what_only_some_orders_show_is_found_though_the_search_goes_along_one() -> None:
    door = Favourite("door")

    async def come() -> None:
        if await door.come():
            await choose("told", "yes")

    system = System(
        (door,), tuple(Context(name, come) for name in "abcd"), symmetry=(Alike(tuple((name,) for name in "abcd")),)
    )
    assert refused(system).endswith(" does door.come, and goes on differently then")


def test_a_list_with_a_member_first_is_a_difference_when_somebody_goes_along_it() -> None:
    sem = RwSem("sem")

    async def read() -> None:
        await sem.down_read()
        await sem.up_read()

    assert explore(pair(sem, one=read), symmetry=True).states == 6  # its readers are kept sorted by name

    x, y = Cell("x"), Cell("y")
    order = Cell("order")

    async def first_of() -> None:
        order_of = await order.read()
        await {"x": x, "y": y}["xy"[order_of]].write(1)

    walked = System((x, y, order), (Context("w", first_of),), symmetry=(Alike((("x",), ("y",))),))
    assert refused(walked) == "if x and y change places, w does x.write, and something else then"


def test_declarations_are_checked() -> None:
    with pytest.raises(ModelError, match="two or more members"):
        Alike((("a",),))
    with pytest.raises(ModelError, match="as many names each"):
        Alike((("a",), ("b", "c")))
    with pytest.raises(ModelError, match="'a' is declared alike with others twice"):
        Alike((("a",), ("b",), ("a",)))
    apart = Alike((("a",), ("b",))), Alike((("c",), ("a",)))
    split = Alike((("g", "a"), ("h", "c"))), Alike((("a",), ("b",))), Alike((("c",), ("d",)))
    for misfit in (apart, split):
        with pytest.raises(ModelError, match="'a' is declared alike with others twice, and the two do not fit"):
            System((), (), symmetry=misfit)


def test_only_the_search_over_states_knows_symmetry() -> None:
    with pytest.raises(UserError, match=r"^only strategy 'states' knows symmetry, and not 'random'$"):
        explore(increment(2), strategy="random", symmetry=True)


def test_names_change_places_at_any_depth_and_numbers_do_not() -> None:
    @attrs.frozen
    class Record:
        owner: str
        waiting: tuple[Hashable, ...]

    renaming = Renaming([("a", "b")])
    assert renaming(Record("a", (frozenset({"a", "c"}), ("b", 1), True))) == Record(
        "b", (frozenset({"b", "c"}), ("a", 1), True)
    )
    same = Record("c", ("aa", 1))
    assert renaming(same) is same


# properties


def cells_of_two() -> tuple[System, Cell, Cell]:
    """Two contexts, each with a cell that it writes."""
    x, y = Cell("x"), Cell("y")

    async def write(cell: Cell) -> None:
        await cell.write(1)

    contexts = (Context("a", partial(write, x)), Context("b", partial(write, y)))
    return System((x, y), contexts, symmetry=(Alike((("a", "x"), ("b", "y"))),)), x, y


def test_a_property_that_reads_one_member_only_is_refused() -> None:
    system, x, _ = cells_of_two()
    for make in (always, at_end):
        assert refused(system, make("P1", (x,), lambda view: None)) == (
            "if a and b change places, P1 looks at one of them only"
        )
    after = Property("P1", "", (After(x, "write", (), lambda view, event: None),))
    assert refused(system, after) == "if a and b change places, P1 looks at one of them only"
    history = Property("P1", "", (History(0, (x,), lambda memory, event: memory),))
    assert refused(system, history) == "if a and b change places, P1 looks at one of them only"


def test_a_property_that_tells_members_apart_is_refused() -> None:
    system, x, y = cells_of_two()
    first = always("P1", (x, y), lambda view: "y first" if view(y).value > view(x).value else None)
    assert refused(system, first) == "if a and b change places, P1 tells them apart"

    def note_first(memory: Hashable, event: Event) -> Hashable | Wrong:
        return Wrong("b is first") if not memory and event.context == "b" else event.context

    history = Property("P1", "", (History("", (x, y), note_first),))
    assert refused(system, history) == "if a and b change places, P1 tells them apart"


def test_properties_that_treat_members_alike_give_the_findings_of_the_full_search() -> None:
    system, x, y = cells_of_two()

    def written(cell: Cell) -> Callable[[View], str | None]:
        return lambda view: f"{cell.name} is written" if view(cell).value else None

    def third(memory: Hashable, event: Event) -> Hashable | Wrong:
        return Wrong(f"{event.context} is second") if memory else 1

    properties = (
        always("both", (x, y), lambda view: "both" if view(x).value and view(y).value else None),
        Property("each", "", tuple(AtEnd((cell,), written(cell)) for cell in (x, y))),
        Property("order", "", (History(0, (x, y), third),)),
        Property("after", "", tuple(After(c, "write", (c,), lambda view, event: event.context) for c in (x, y))),
        DEADLOCK,
        HANG,
    )
    full = explore(system, properties, stop_on="all")
    found = explore(system, properties, stop_on="all", symmetry=True)
    assert {f.property: len(f.schedule) for f in found.findings} == {f.property: len(f.schedule) for f in full.findings}
    assert {f.property for f in found.findings} == {"both", "each", "order", "after"}
    assert found.states < full.states
    for finding in found.findings:
        assert finding in replay(system, finding.schedule, properties).findings


@pytest.mark.parametrize("seed", range(40))
def test_findings_in_random_programs_are_those_of_the_full_search_and_repeat(seed: int) -> None:
    system = generate_alike(seed)
    mutexes = tuple(actor for actor in system.actors if isinstance(actor, Mutex))

    def held(view: View) -> str | None:
        owners = [view(mutex).owner for mutex in mutexes]
        return f"held by {owners}" if None not in owners else None

    properties = (always("held", mutexes, held), DEADLOCK, HANG)
    full = explore(system, properties, stop_on="all")
    found = explore(system, properties, stop_on="all", symmetry=True)
    assert {f.property: len(f.schedule) for f in found.findings} == {f.property: len(f.schedule) for f in full.findings}
    for finding in found.findings:
        if finding.property != "hang":  # of all executions at once, not of one
            assert finding in replay(system, finding.schedule, properties).findings
