"""What goes on for ever: who goes round or waits, who would end it, and what leads there or out again."""

from __future__ import annotations

from contextlib import closing

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import choose
from aprt.core.properties import HANG, Eventually, Property
from aprt.core.system import Context, System, View
from aprt.explore.explore import explore
from aprt.explore.failures.endless import Endless, Exit, Need, Standing, endless
from aprt.explore.failures.explored_graph import ExploredGraph
from aprt.explore.failures.failing import Playground
from aprt.explore.failures.trap import trap_of
from aprt.explore.learned.packing import INITIAL
from aprt.kernel.cell import Cell
from aprt.kernel.completion import Completion

FLAG, LATE, X, Y = Cell("flag", 0), Cell("late", 0), Completion("x"), Completion("y")


class Gate(Actor[bool]):
    """Open or shut."""

    def initial(self) -> bool:
        return False

    @handler(reads="*", writes="*")
    def swing(self, state: bool, by: Caller) -> Outcome[bool, None]:
        return not state, None

    @handler(reads="*")
    def enter(self, state: bool, by: Caller) -> Outcome[bool, None]:
        return (state, None) if state else BLOCK


GATE = Gate("gate")


def unset(view: View) -> str | None:
    return None if view(FLAG).value else "the flag is not set"


SET = Property("set", "the flag is set sooner or later", (Eventually((FLAG,), unset),))


async def polls() -> None:
    while not await FLAG.read():
        pass


def of(property: Property, *contexts: Context) -> Endless:
    """What is so of the finding, and that the trap is what the search said."""
    system = System((FLAG, LATE, X, Y, GATE), contexts)
    (finding,) = explore(system, [property]).findings
    with closing(Playground(system, property)) as ground:
        graph = ExploredGraph(ground, 1000)
        assert graph.explore(INITIAL)
        trap = trap_of(graph, finding)
        ground.trap = frozenset(map(graph.state, trap.states)).__contains__
        first = ground.play(finding.schedule)
        assert (first.failure, len(first.steps)) == ("trap", len(finding.schedule) - finding.loop)
        return endless(trap, finding.loop)


def test_who_polls_for_what_nobody_sets_has_no_way_out() -> None:
    async def turns() -> None:
        await LATE.write(1)

    async def waits() -> None:
        await X.wait()

    found = of(SET, Context("a", polls), Context("b", turns), Context("hardware", waits, daemon=True))
    assert found == Endless(
        loop=1,
        final=True,
        rest=(),
        standings=(
            Standing("a", "goes round", ("flag.read",), daemon=False),
            Standing("b", "is done", (), daemon=False),
            Standing("hardware", "waits", ("x.wait",), daemon=True),
        ),
        needs=(),
        exits=(),
    )


def test_a_choice_that_would_end_it_is_never_made() -> None:
    async def hardware() -> None:
        while await choose("ready", "no", "yes") == "no":
            pass
        await FLAG.write(1)

    found = of(SET, Context("hardware", hardware))
    assert found.exits == (Exit("hardware", "choose ready=yes", "choose ready=no", 1, 1),)
    assert (found.final, found.needs) == (False, (Need("hardware", "flag.write"),))


def test_who_can_act_only_now_and_then_may_always_come_too_late() -> None:
    async def swings() -> None:
        await LATE.write(1)
        while True:
            await GATE.swing()

    async def enters() -> None:
        await GATE.enter()
        await FLAG.write(1)

    found = of(SET, Context("swings", swings), Context("enters", enters))
    assert found.standings == (
        Standing("swings", "goes round", ("gate.swing",), daemon=False),
        Standing("enters", "may act", ("gate.enter",), daemon=False),
    )
    assert found.exits == (Exit("enters", "gate.enter", None, 1, 2),)
    assert (found.final, found.needs) == (False, (Need("enters", "flag.write"),))


def test_who_waits_in_a_chain_is_told_down_to_the_one_who_is_done() -> None:
    async def first() -> None:
        await X.wait()

    async def second() -> None:
        await Y.wait()
        await X.complete()

    async def third() -> None:
        if not await LATE.read():
            await Y.complete()

    async def early() -> None:
        await LATE.write(1)

    contexts = (Context("first", first), Context("second", second), Context("third", third), Context("early", early))
    found = of(HANG, *contexts)
    assert found == Endless(
        loop=0,
        final=True,
        rest=(("third", "late.read"),),
        standings=(
            Standing("first", "waits", ("x.wait",), daemon=False),
            Standing("second", "waits", ("y.wait",), daemon=False),
            Standing("third", "is done", (), daemon=False),
            Standing("early", "is done", (), daemon=False),
        ),
        needs=(Need("second", "x.complete", "first"), Need("third", "y.complete", "second")),
        exits=(),
    )
    assert (found.helped("second"), found.helped("third")) == (True, False)


def test_the_rest_of_a_hang_is_done_with_as_few_switches_as_can_be() -> None:
    async def waits() -> None:
        if await LATE.read():
            await FLAG.write(1)
            await X.wait()

    async def other() -> None:
        await LATE.write(1)
        await FLAG.read()
        await FLAG.write(2)

    found = of(HANG, Context("waits", waits), Context("other", other))
    assert [context for context, _ in found.rest] == ["other", "other", "waits", "waits"]


def test_a_hang_that_goes_round_is_told_as_one() -> None:
    async def late() -> None:
        await LATE.write(1)

    async def spins() -> None:
        while await LATE.read():
            pass

    found = of(HANG, Context("late", late), Context("spins", spins))
    assert found.standings == (
        Standing("late", "is done", (), daemon=False),
        Standing("spins", "goes round", ("late.read",), daemon=False),
    )
    assert (found.loop, found.final, found.needs) == (0, True, ())
