"""Sections: which steps they make on the way in and out, and that they are values."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from aprt.kernel.cell import Cell
from aprt.kernel.held import Section, held, reading, writing
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock

BODY = Cell("body", 0)
FAIR = RwSem("sem", writer_first=True)


async def inside(section: Section) -> str:
    async with section:
        await BODY.read()
        return "replied"


def steps(behaviour: Coroutine[Any, Any, object]) -> list[str]:
    """What it awaits, every answer being None, and what it returns."""
    seen = []
    try:
        while True:
            seen.append(str(behaviour.send(None)))
    except StopIteration as end:
        return [*seen, str(end.value)]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (held(Mutex("m")), ["m.lock", "body.read", "m.unlock", "replied"]),
        (held(Spinlock("s")), ["s.lock", "body.read", "s.unlock", "replied"]),
        (reading(FAIR), ["sem.down_read", "body.read", "sem.up_read", "replied"]),
        (writing(FAIR), ["sem.enqueue", "sem.down_write", "body.read", "sem.up_write", "replied"]),
        (writing(RwSem("sem")), ["sem.down_write", "body.read", "sem.up_write", "replied"]),
        (held(Mutex("m"), when=False), ["body.read", "replied"]),
        (reading(FAIR, when=False), ["body.read", "replied"]),
        (writing(FAIR, when=False), ["body.read", "replied"]),
    ],
)
def test_a_section_takes_the_lock_around_its_body_when_asked_to(section: Section, expected: list[str]) -> None:
    assert steps(inside(section)) == expected


def test_an_error_in_the_body_gives_the_lock_back_and_goes_on() -> None:
    behaviour = inside(held(Mutex("m")))
    behaviour.send(None)
    behaviour.send(None)
    assert str(behaviour.throw(ValueError("no"))) == "m.unlock"
    with pytest.raises(ValueError, match="no"):
        behaviour.send(None)


def test_closing_a_behaviour_inside_makes_no_step() -> None:
    behaviour = inside(held(Mutex("m")))
    behaviour.send(None)
    behaviour.send(None)
    behaviour.close()  # RuntimeError if the section awaited anything
    assert behaviour.cr_frame is None  # type: ignore[attr-defined]


def test_a_cancellation_inside_makes_no_step() -> None:
    class Cancelled(BaseException):
        pass

    behaviour = inside(held(Mutex("m")))
    behaviour.send(None)
    behaviour.send(None)
    with pytest.raises(Cancelled):
        behaviour.throw(Cancelled())


def test_sections_of_one_lock_are_equal_values() -> None:
    assert len({held(Mutex("m")), held(Mutex("m")), held(Mutex("n")), held(Mutex("m"), when=False)}) == 3
    assert len({reading(FAIR), writing(FAIR), writing(FAIR)}) == 2
