"""Handlers are held to what they declare."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from aprt import BLOCK, Actor, Call, Caller, ModelError, Outcome, System, handler
from aprt.core import step
from aprt.core.errors import WrongArgument
from aprt.explore.commuting.commutation import Commutation
from aprt.kernel.cell import Cell


@attrs.frozen
class BoxState:
    items: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class Box(Actor[BoxState]):
    """A queue whose messages do what they say, and some that do not."""

    size: int | None = None

    def initial(self) -> BoxState:
        return BoxState()

    @handler(writes="items", puts="items", room="size")
    def put(self, state: BoxState, by: Caller, item: str) -> Outcome[BoxState, None]:
        if self.size is not None and len(state.items) >= self.size:
            return BLOCK
        return BoxState((*state.items, item)), None

    @handler(writes="items", takes="items")
    def take(self, state: BoxState, by: Caller) -> Outcome[BoxState, str]:
        return (BoxState(state.items[1:]), state.items[0]) if state.items else BLOCK

    @handler(writes="items", puts="items", room="size")
    def put_in_front(self, state: BoxState, by: Caller, item: str) -> Outcome[BoxState, None]:
        return BoxState((item, *state.items)), None

    @handler(writes="*", puts="items")
    def put_and_log(self, state: BoxState, by: Caller, item: str) -> Outcome[BoxState, None]:
        return BoxState((*state.items, item), (*state.log, item)), None

    @handler(writes="items", puts="items")
    def put_when_empty(self, state: BoxState, by: Caller, item: str) -> Outcome[BoxState, None]:
        return BLOCK if state.items else (BoxState((item,)), None)

    @handler(writes="items", takes="items")
    def take_last(self, state: BoxState, by: Caller) -> Outcome[BoxState, str]:
        return BoxState(state.items[:-1]), state.items[-1]

    @handler(writes="items", takes="items")
    def take_pair(self, state: BoxState, by: Caller) -> Outcome[BoxState, str]:
        return (BoxState(state.items[1:]), state.items[0]) if len(state.items) > 1 else BLOCK

    @handler(writes="items", puts="items")
    def put_and_count(self, state: BoxState, by: Caller, item: str) -> Outcome[BoxState, int]:
        return BoxState((*state.items, item)), len(state.items)

    @handler(writes="log", commutes="note")
    def note(self, state: BoxState, by: Caller, text: str) -> Outcome[BoxState, None]:
        return BoxState(state.items, (*state.log, text)), None


def done(box: Box, state: BoxState, call: Call[object], by: str = "a") -> step.Step:
    found = step.call(box, state, call, Caller(by), ())
    assert found is not None
    return found


def test_the_ends_of_a_queue_are_what_they_are_declared_to_be() -> None:
    box = Box("box")
    assert done(box, BoxState(("a",)), box.put("b")).event.state == BoxState(("a", "b"))
    assert done(box, BoxState(("a", "b")), box.take()).event.state == BoxState(("b",))
    for state, call, says in (
        (BoxState(("a",)), box.put_in_front("b"), "puts one item into items, and did something else"),
        (BoxState(), box.put_and_log("b"), "puts one item into items, and did something else"),
        (BoxState(("a",)), box.put_when_empty("b"), "blocks although items has room"),
        (BoxState(("a", "b")), box.take_last(), "takes one item from items, and did something else"),
        (BoxState(("a",)), box.take_pair(), "blocks although there is something in items"),
        (BoxState(("a",)), Box("box", 1).put_in_front("a"), "did something else"),  # more than there is room for
    ):
        with pytest.raises(ModelError, match=says):
            step.call(call.actor, state, call, Caller("a"), ())


def test_commuting_is_said_by_both() -> None:
    with pytest.raises(ModelError, match=r"OneSided\.drop is declared to commute with put, but not the reverse"):

        class OneSided(Box):
            @handler(writes="items", commutes="put")
            def drop(self, state: BoxState, by: Caller) -> Outcome[BoxState, None]:
                return BoxState(), None


def hold(state: BoxState, one: Call[object], other: Call[object]) -> None:
    """See that two messages commute, the second one sent right after the first."""
    box = one.actor
    assert isinstance(box, Box)
    first = done(box, state, one, "a")
    Commutation(System((box,), ())).check(state, first, done(box, first.event.state, other, "b"))


def test_messages_that_do_not_commute_as_declared_are_an_error() -> None:
    box = Box("box")
    hold(BoxState(("a",)), box.put("b"), box.take())
    with pytest.raises(ModelError, match=r"box\.put by a and box\.take by b are declared .* one makes the other block"):
        hold(BoxState(), box.put("b"), box.take())
    with pytest.raises(ModelError, match=r"box\.take by a and box\.put_and_count by b .* order shows in a reply"):
        hold(BoxState(("a",)), box.take(), box.put_and_count("b"))
    with pytest.raises(ModelError, match=r"box\.note by a and box\.note by b are declared .* order shows in the state"):
        hold(BoxState(), box.note("one"), box.note("two"))


def test_a_message_with_too_few_or_too_many_arguments_is_refused_where_it_is_sent() -> None:
    send: Any = Cell("c", 0).write
    for given in ((), (1, 2)):
        with pytest.raises(WrongArgument) as refused:
            send(*given)
        assert str(refused.value) == f"c.write takes (value), and not {given!r}"
    assert send(1) == Call(Cell("c", 0), "write", (1,))


def test_a_message_that_was_not_sent_is_no_value_to_send() -> None:
    cell = Cell("c", 0)
    given: Any = cell.read()
    with pytest.raises(WrongArgument, match=r"^c\.write takes values, and c\.read was not sent: an await is missing$"):
        cell.write(given)


class Loose(Actor[int]):
    """Handlers with a default, and with any number of arguments."""

    def initial(self) -> int:
        return 0

    @handler(writes="*")
    def add(self, state: int, by: Caller, value: int = 1) -> Outcome[int, None]:
        return state + value, None

    @handler(writes="*")
    def total(self, state: int, by: Caller, *values: int) -> Outcome[int, None]:
        return sum(values), None


def test_arguments_with_a_default_may_be_left_out_and_there_may_be_any_number() -> None:
    loose = Loose("loose")
    assert [loose.add().args, loose.add(2).args, loose.total().args, loose.total(1, 2, 3).args] == [
        (),
        (2,),
        (),
        (1, 2, 3),
    ]
