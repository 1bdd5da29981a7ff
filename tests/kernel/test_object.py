"""Objects: a freed one can be touched by hardware only."""

from __future__ import annotations

import attrs
import pytest

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Oops
from aprt.kernel.object import Object
from tests.kernel.callers import answer


@attrs.frozen
class PageState:
    content: int = 0
    live: bool = True


@attrs.frozen(eq=False)
class Page(Object[PageState]):
    def initial(self) -> PageState:
        return PageState()

    @handler(reads="content")
    def load(self, state: PageState, by: Caller) -> Outcome[PageState, int]:
        return state, state.content

    @handler(writes="content")
    def store(self, state: PageState, by: Caller, content: int) -> Outcome[PageState, None]:
        return attrs.evolve(state, content=content), None

    @handler(writes="content", on_freed=True)
    def dma(self, state: PageState, by: Caller, content: int) -> Outcome[PageState, None]:
        return attrs.evolve(state, content=content), None


PAGE = Page("page")
FREED = PageState(7, live=False)


def test_a_live_object_can_be_used() -> None:
    assert answer(PAGE.store(7), PageState()) == (PageState(7), None, ())
    assert answer(PAGE.load(), PageState(7)) == (PageState(7), 7, ())


def test_freeing_ends_its_life_and_keeps_the_rest() -> None:
    assert answer(PAGE.free(), PageState(7)) == (FREED, None, ())


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (PAGE.load(), "use after free: load on freed page"),
        (PAGE.store(1), "use after free: store on freed page"),
        (PAGE.free(), "double free: page is already freed"),
    ],
)
def test_software_that_touches_a_freed_object_is_an_oops(call: Call[object], text: str) -> None:
    assert answer(call, FREED) == (FREED, None, (Oops("P9", text),))


def test_hardware_writes_freed_memory_all_the_same() -> None:
    assert answer(PAGE.dma(9), FREED) == (PageState(9, live=False), None, ())
