"""Symmetry: exact numbers of orbits, what is refused and why, and findings that really happen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
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
from aprt.explore.checks import Checks
from aprt.explore.packing import INITIAL
from aprt.explore.replay import replay
from aprt.explore.symmetry import Symmetry
from aprt.explore.tables import Tables
from aprt.kernel.rwsem import RwSem
from aprt.vfio_ap.v4.era import V4
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


def orbits(system: System) -> Iterator[tuple[int, int, list[int]]]:
    """Every state, its representative, and the representatives after one exchange of neighbours."""
    checks = Checks((), system)
    tables = Tables(system, checks.packing, checks.note)
    symmetry = Symmetry(system, tables, checks)
    states, todo = {INITIAL}, [INITIAL]
    for state in todo:
        for delta, step, _ in tables.moves(state):
            if state + delta not in states:
                states.add(state + delta)
                todo += [] if tables.steps[step].oops else [state + delta]
    for state in states:
        exchanged = [exchange.state(state) for exchange in symmetry.exchanges.values()]
        yield state, symmetry.representative(state), [symmetry.representative(other) for other in exchanged]
    tables.close()


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_have_one_representative_an_orbit_and_it_belongs_to_it(seed: int) -> None:
    system = generate_alike(seed)
    everywhere = list(orbits(system))
    representatives = {representative for _, representative, _ in everywhere}
    assert representatives <= {state for state, _, _ in everywhere}
    assert all(set(others) == {representative} for _, representative, others in everywhere)
    found = explore(system, symmetry=True)
    assert (found.states, explore(system).states) == (len(representatives), len(everywhere))


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

    assert refused(System((), (Context("a", nothing),))) == "nothing in this system is declared to be alike"


def test_contexts_that_do_different_things_are_not_alike() -> None:
    x, y = Cell("x"), Cell("y")

    async def use(cell: Cell, value: int) -> None:
        await x.read()
        await cell.write(value)

    different_actor = pair(x, y, one=partial(use, x, 1), other=partial(use, y, 1))
    assert refused(different_actor) == "if a and b change places, a does x.write, and something else then"
    different_value = pair(x, one=partial(use, x, 1), other=partial(use, x, 2))
    assert refused(different_value) == "if a and b change places, a does x.write, with another effect then"


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


def test_members_must_start_alike() -> None:
    x, y = Cell("x"), Cell("y")
    system = System((x, y), (), {"y": attrs.evolve(y.initial(), value=1)}, symmetry=(Alike((("x",), ("y",))),))
    assert refused(system) == "if x and y change places, x starts in another state then"


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


def test_renaming_must_keep_the_form_that_handlers_give() -> None:
    sem = RwSem("sem")

    async def read() -> None:
        await sem.down_read()
        await sem.up_read()

    assert explore(pair(sem, one=read), symmetry=True).states == 6

    class Careless(RwSem):
        sorts = ()

    careless = Careless("sem")

    async def read_carelessly() -> None:
        await careless.down_read()
        await careless.up_read()

    assert "another effect" in refused(pair(careless, one=read_carelessly))


def test_declarations_are_checked() -> None:
    with pytest.raises(ModelError, match="two or more members"):
        Alike((("a",),))
    with pytest.raises(ModelError, match="as many names each"):
        Alike((("a",), ("b", "c")))
    with pytest.raises(ModelError, match="'a' is declared alike with others twice"):
        System((), (), symmetry=(Alike((("a",), ("b",))), Alike((("c",), ("a",)))))


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


# the interrupt path


def model(name: str, *switches: str) -> Any:
    scenario = V4.scenario(name)
    return scenario, scenario.build(V4.settings(scenario, switches))


def test_two_vcpus_of_a_guest_are_alike_while_its_queue_is_unbound() -> None:
    scenario, built = model("remove-vs-intercept", "vcpus=2")
    properties = built.select(scenario.properties)
    full = explore(built.system, properties, stop_on="all")
    found = explore(built.system, properties, stop_on="all", symmetry=True)
    assert full.states / 2 < found.states < full.states * 0.6
    assert [(f.property, len(f.schedule)) for f in found.findings] == [
        (f.property, len(f.schedule)) for f in full.findings
    ]
    for finding in found.findings:
        assert finding in replay(built.system, finding.schedule, properties).findings


def test_orbits_of_the_interrupt_path_are_exact() -> None:
    _, built = model("remove-vs-intercept", "vcpus=2")
    everywhere = list(orbits(built.system))
    assert all(others == [representative] for _, representative, others in everywhere)
    found = explore(built.system, symmetry=True)
    assert found.states == len({representative for _, representative, _ in everywhere})


def test_vcpus_that_are_signalled_in_a_fixed_order_are_not_alike() -> None:
    _, built = model("kill-qemu", "vcpus=2")
    assert refused(built.system) == (
        "if vm0.vcpu0 and vm0.vcpu1 change places, kill does vm0.vcpu0.signal, and something else then"
    )
