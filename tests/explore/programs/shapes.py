"""Small behaviours, one per way in which Python keeps values across an await. Each answer is 0 or 1.

In each, dead variables differ between paths and live ones do too, and every live one is shown by a later effect;
so two paths have equal control states exactly when they have equal futures. CONTROL_STATES counts them: one per
await reached, times the values that are still to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import attrs

from aprt.core.effects import Choose, choose


def ask(about: object = "?") -> Choose[int]:
    return choose(f"{about!r}", 0, 1)


async def dead_local() -> None:
    dead = await ask()
    dead = await ask()
    live = dead
    await ask()
    await ask(live)


async def bounded_loop() -> None:
    total = 0
    for _ in range(3):
        answer = await ask()
        total += answer
    await ask(total)


async def retry_loop() -> None:
    tries = 0
    while not await ask() and tries < 2:
        tries += 1
    await ask("out")


async def answers_on_the_stack() -> None:
    def shown(*values: object) -> tuple[object, ...]:
        return values

    await ask(shown("a", await ask(), shown(await ask())))


async def text_on_the_stack() -> None:
    name = "no" if await ask() else "yes"
    text = name + " " + str(await ask())
    await ask(text)


async def f_string() -> None:
    await ask(f"{await ask()} and {await ask():>3}")


async def nested() -> None:
    async def twice(about: int) -> int:
        dead = await ask(about)
        dead += 1
        return await ask("second")

    first = await twice(1)
    second = await twice(2)
    await ask((first, second))


async def try_finally() -> None:
    live = await ask()
    try:
        dead = await ask()
        if dead:
            return
        await ask("not dead")
    finally:
        await ask(("finally", live))
    await ask("not returned")


async def raise_and_handle() -> None:
    live = await ask()
    try:
        if await ask():
            raise KeyError(live)
        await ask("no error")
    except KeyError as error:
        await ask("handling")
        live = error.args[0]
    await ask(live)


@attrs.frozen
class Section:
    name: object

    async def __aenter__(self) -> int:
        return await ask(("enter", self.name))

    async def __aexit__(self, *error: object) -> None:
        await ask(("exit", self.name))


async def section() -> None:
    name = await ask()
    async with Section(name) as entered:
        await ask(("entered", entered))
        await ask("inside")
    await ask("outside")


async def enumerated() -> None:
    kept = 0
    for index, letter in enumerate("ab"):
        if await ask((index, letter)):
            kept = index
    await ask(kept)


async def items_of_a_mapping() -> None:
    picked = ""
    for name, weight in {"x": 1, "y": 2}.items():
        picked = name * weight if await ask(name) else picked
    await ask(picked)


async def matching() -> None:
    match (await ask(), await ask()):
        case (0, other):
            await ask(("zero", other))
            await ask("end")
        case (one, 0):
            await ask("one, zero")
            await ask(one)
        case both:
            await ask("both")
            await ask(both)


async def closure() -> None:
    count = await ask()

    def bump(by: int) -> int:
        nonlocal count
        count += by
        return count

    step = await ask()
    bump(step)
    step = 0
    await ask("suspended")
    await ask(count)


async def conditional_local() -> None:
    if await ask():
        extra = await ask("extra")
    else:
        await ask("no extra")
        extra = 7
    await ask("joined")
    await ask(extra)


async def comprehension_before() -> None:
    limit = 1 + await ask()
    squares = tuple([i * i for i in range(limit)])
    limit = 9
    await ask("suspended")
    await ask(squares)


async def chained_comparison() -> None:
    low = await ask()
    await ask(low <= await ask() <= 1)


CONTROL_STATES: dict[Callable[[], Coroutine[Any, Any, Any]], int] = {
    dead_local: 1 + 1 + 2 + 2,
    bounded_loop: (1 + 2 + 3) + 4,  # the totals that are possible in each turn
    retry_loop: 3 + 1,
    answers_on_the_stack: 1 + 2 + 4,
    text_on_the_stack: 1 + 2 + 4,
    f_string: 1 + 2 + 4,
    nested: (1 + 1) + (2 + 2) + 4,
    try_finally: 1 + 2 + 2 + (2 + 2) + 1,  # two ways into `finally`
    raise_and_handle: 1 + 2 + (2 + 2) + 2,
    section: 1 + 2 + 4 + 2 + 2 + 1,
    enumerated: 1 + 1 + 2,  # an index of 0 is what `kept` was
    items_of_a_mapping: 1 + 2 + 3,
    matching: (1 + 2) + (2 + 1) + (1 + 1) + (1 + 1),
    closure: 1 + 2 + 3 + 3,
    conditional_local: 1 + (1 + 1) + 3 + 3,
    comprehension_before: 1 + 2 + 2,
    chained_comparison: 1 + 2 + 2,
}
SHAPES = tuple(CONTROL_STATES)
