"""Messages keep their senders, whichever handler takes them, and wherever in the queue they lie."""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.system import System
from aprt.detect.queues import Known
from aprt.kernel.cell import Cell

from .hearing import detected, system

N = Cell("n", 0)


@attrs.frozen
class InboxState:
    letters: tuple[str, ...] = ()


class Inbox(Actor[InboxState]):
    """A mailbox out of which one may pick a letter, or replace all by one."""

    atomic = ("*",)

    def initial(self) -> InboxState:
        return InboxState()

    @handler(reads="letters", writes="letters", puts="letters")
    def send(self, state: InboxState, by: Caller, letter: str) -> Outcome[InboxState, None]:
        return InboxState((*state.letters, letter)), None

    @handler(reads="letters", writes="letters")
    def pick(self, state: InboxState, by: Caller, letter: str) -> Outcome[InboxState, None]:
        """Blocks until there is such a letter."""
        if letter not in state.letters:
            return BLOCK
        at = state.letters.index(letter)
        return InboxState(state.letters[:at] + state.letters[at + 1 :]), None

    @handler(reads="letters", writes="letters")
    def replace(self, state: InboxState, by: Caller, letter: str) -> Outcome[InboxState, None]:
        return InboxState((letter,)), None


BOX = Inbox("box")


async def write_and_send() -> None:
    await N.write(1)
    await BOX.send("written")


async def send_only() -> None:
    await BOX.send("nothing")


def picked(letter: str) -> System:
    """The letter of one of two senders is picked, and then the number read that one of them has written."""

    async def pick_and_read() -> None:
        await BOX.pick(letter)
        await N.read()

    return system((N, BOX), writer=write_and_send, other=send_only, reader=pick_and_read)


def test_who_picks_the_message_of_the_writer_is_ordered_after_it_wherever_it_lies() -> None:
    for text in ("other writer* reader*", "writer* other reader*"):
        assert detected(picked("written"), text, "race") == ()


def test_who_picks_the_message_of_another_is_not_ordered_after_the_writer() -> None:
    for text in ("other writer* reader*", "writer* other reader*"):
        (race,) = detected(picked("nothing"), text, "race")
        assert race.text == "n (value) is written by writer and read by reader, in no order"


def test_the_message_that_is_left_is_told_with_its_own_sender() -> None:
    (stuck,) = detected(picked("written"), "writer* other reader*", "stuck-message")
    assert stuck.text == "a message in box that nobody will read: nothing"
    assert [site.context for site in stuck.sites] == ["other"]
    (stuck,) = detected(picked("nothing"), "writer* other reader*", "stuck-message")
    assert stuck.text == "a message in box that nobody will read: written"
    assert [site.context for site in stuck.sites] == ["writer"]


def test_a_message_in_the_place_of_another_is_another_message() -> None:
    async def replace() -> None:
        await BOX.replace("new")

    (stuck,) = detected(system((N, BOX), a=send_only, b=replace), "a b", "stuck-message")
    assert [(site.context, site.index) for site in stuck.sites] == [("b", 1)]


def test_of_equal_messages_the_first_that_came_is_the_first_that_goes() -> None:
    known = Known(("x", "y"), "at the start")
    assert known.change(("x", "y", "x")) == ([], ["x"])
    known.add("x", "later")
    assert known.of(("x", "y", "x")) == ("at the start", "at the start", "later")
    assert known.change(("x", "y")) == (["at the start"], [])
    assert known.of(("x", "y")) == ("later", "at the start")
