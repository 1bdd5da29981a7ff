"""Which steps commute, and that the normal form names the classes of executions that differ in that only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import pairwise

import pytest

from aprt import Context, System
from aprt.core.execution import Execution
from aprt.explore.commuting.independence import StepInfo, dependent, foata, numbered
from aprt.kernel.mailbox import Mailbox
from aprt.kernel.rwsem import RwSem
from tests.explore import enumerator
from tests.explore.enumerator import Traces
from tests.explore.tiny import dining, executions, increments


def step(context: str, actor: str | None, changed: bool) -> StepInfo:
    return StepInfo(context, actor, f"{actor}.op", changed)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (step("a", "x", False), step("a", "y", False), True),  # program order
        (step("a", "x", False), step("b", "x", False), False),  # two reads
        (step("a", "x", True), step("b", "x", False), True),
        (step("a", "x", False), step("b", "x", True), True),
        (step("a", "x", True), step("b", "x", True), True),
        (step("a", "x", True), step("b", "y", True), False),
        (step("a", None, False), step("b", None, False), False),  # two choices
        (step("a", None, False), step("a", "x", False), True),
    ],
)
def test_dependence_case_by_case(one: StepInfo, other: StepInfo, expected: bool) -> None:
    assert dependent(one, other) is expected
    assert (foata([one, other]) == foata([other, one])) is not expected


def steps(execution: Execution) -> tuple[StepInfo, ...]:
    return tuple(map(StepInfo.of, execution.events))


def classes(every: list[tuple[StepInfo, ...]]) -> int:
    """The classes of executions under swaps of neighbours that commute."""
    left, count = set(every), 0
    while left:
        count += 1
        todo = [left.pop()]
        while todo:
            word = todo.pop()
            for i, (a, b) in enumerate(pairwise(word)):
                swapped = (*word[:i], b, a, *word[i + 2 :])
                if not dependent(a, b) and swapped in left:
                    left.remove(swapped)
                    todo.append(swapped)
    return count


def test_the_normal_forms_are_the_classes_of_swaps() -> None:
    # interleavings and traces: two philosophers 2**2 - 2 and a deadlock; n increments (n!)**2, less what comes of
    # stores by `tiny.Variable` of the value that is there already: its handler says that they change nothing
    for system, interleavings, traces in (
        (dining(2, looping=False), 6, 3),
        (increments(2)[0], 6, 4),
        (increments(3)[0], 90, 27),
    ):
        every = [steps(execution) for execution in executions(system)]
        assert (len(every), classes(every), len(set(map(foata, every)))) == (interleavings, traces, traces)


def test_the_normal_form_shows_the_layers() -> None:
    word = [step("a", "x", True), step("b", "y", True), step("b", "x", False), step("c", "x", False)]
    assert foata(word) == ((("a", "x.op"), ("b", "y.op")), (("b", "x.op"), ("c", "x.op")))


def infos(system: System) -> set[tuple[StepInfo, ...]]:
    """The steps of all executions, numbered."""
    return {tuple(numbered(step.info for step in steps)) for steps, _ in enumerator.executions(system)}


def pairs_that_commute(executions: Iterable[tuple[StepInfo, ...]]) -> set[tuple[str, ...]]:
    """Pairs of operations on one actor by different contexts that stood beside each other and are independent."""
    return {
        tuple(sorted((f"{a.context} {a.op}", f"{b.context} {b.op}")))
        for word in executions
        for a, b in pairwise(word)
        if a.actor == b.actor and a.context != b.context and not dependent(a, b)
    }


def test_a_put_commutes_with_the_take_of_another_item_only() -> None:
    box: Mailbox[str] = Mailbox("box")

    async def send(*messages: str) -> None:
        for message in messages:
            await box.send(message)

    async def receive(count: int) -> None:
        for _ in range(count):
            await box.receive()

    one = System((box,), (Context("s", partial(send, "a")), Context("r", partial(receive, 1))))
    assert pairs_that_commute(infos(one)) == set()
    two = System((box,), (Context("s", partial(send, "a", "b")), Context("r", partial(receive, 2))))
    assert pairs_that_commute(infos(two)) == {("r box.receive", "s box.send")}
    assert enumerator.traces(two) == Traces(complete=1)  # what is sent first is received first, whatever else


def test_a_full_mailbox_orders_a_put_behind_the_take_that_makes_room() -> None:
    async def send(box: Mailbox[int]) -> None:
        for k in range(3):
            await box.send(k)

    async def receive(box: Mailbox[int]) -> None:
        for _ in range(3):
            await box.receive()

    for capacity, needs in ((1, ["room", "room", "room"]), (2, ["room", "room", "room"]), (None, [None] * 3)):
        box: Mailbox[int] = Mailbox("box", capacity)
        system = System((box,), (Context("s", partial(send, box)), Context("r", partial(receive, box))))
        (word, *_) = every = infos(system)
        puts = [step for step in word if step.op == "box.send"]
        assert [step.needs and step.needs[1] for step in puts] == needs
        assert len(set(map(foata, every))) == 1
        # with one place, put and take alternate
        assert bool(pairs_that_commute(every)) is (capacity != 1)


def test_readers_of_an_rwsem_commute_with_each_other_but_not_with_a_writer() -> None:
    rwsem = RwSem("rwsem")

    async def read() -> None:
        await rwsem.down_read()
        await rwsem.up_read()

    async def write() -> None:
        await rwsem.down_write()
        await rwsem.up_write()

    readers = System((rwsem,), (Context("a", read), Context("b", read)))
    assert enumerator.traces(readers) == Traces(complete=1)
    assert len(pairs_that_commute(infos(readers))) == 4
    # the writer comes before, between or after the two readers: each of them is before it or after
    assert enumerator.traces(System((rwsem,), (*readers.contexts, Context("w", write)))) == Traces(complete=4)


def test_an_oops_depends_on_whatever_came_before() -> None:
    oops = StepInfo("a", "x", "x.use", False, oops=True)
    other = step("b", "y", False)
    assert dependent(oops, other)
    assert dependent(other, oops)
    assert foata([other, oops]) == ((("b", "y.op"),), (("a", "x.use"),))
