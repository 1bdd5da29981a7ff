"""A lost update that takes luck: twenty steps of one task have to fit between the read and the write of another.

    python demos/rare_race.py [RUNS]

The same two tasks three times: on plain trio with a random sleep before every step, where RUNS (10,000) runs lose
nothing; explored by aprt, which shows how it happens; and repaired, where aprt says that it does not.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections.abc import Iterator

import trio

from aprt import Actor, Caller, Context, Mutex, Outcome, Schedule, System, at_end, explore, handler

PRIVATE_STEPS = 20
LONGEST_SLEEP = 0.0005  # seconds
TOGETHER = 100  # runs at a time; they share nothing


class Shared:
    value = 0


async def plain_run(lots: random.Random) -> int:
    """What the counter is at the end; 2 unless an update was lost."""
    counter = Shared()

    async def step() -> None:
        await trio.sleep(lots.uniform(0, LONGEST_SLEEP))

    async def update() -> None:
        await step()
        value = counter.value
        await step()
        counter.value = value + 1

    async def quick() -> None:
        await update()

    async def slow() -> None:
        for _ in range(PRIVATE_STEPS):
            await step()
        await update()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(quick)
        nursery.start_soon(slow)
    return counter.value


async def lost_updates(runs: int) -> int:
    """In how many of the runs an update was lost."""
    lots, lost = random.Random(0), 0

    async def one() -> None:
        nonlocal lost
        lost += await plain_run(lots) != 2

    for first in range(0, runs, TOGETHER):
        async with trio.open_nursery() as nursery:
            for _ in range(first, min(first + TOGETHER, runs)):
                nursery.start_soon(one)
    return lost


class Counter(Actor[int]):
    def initial(self) -> int:
        return 0

    @handler(reads="*")
    def read(self, state: int, by: Caller) -> Outcome[int, int]:
        return state, state

    @handler(writes="*")
    def write(self, state: int, by: Caller, value: int) -> Outcome[int, None]:
        return value, None


counter, private, mutex = Counter("counter"), Counter("private"), Mutex("mutex")
two = at_end("two", (counter,), lambda view: None if view(counter) == 2 else f"the counter is {view(counter)}")


def tasks(*, repaired: bool) -> System:
    """The two tasks, as actors; repaired: the update holds a mutex."""

    async def update() -> None:
        if repaired:
            await mutex.lock()
        await counter.write(await counter.read() + 1)
        if repaired:
            await mutex.unlock()

    async def quick() -> None:
        await update()

    async def slow() -> None:
        for i in range(PRIVATE_STEPS):
            await private.write(i)
        await update()

    return System((counter, private, mutex), (Context("quick", quick), Context("slow", slow)))


def lines(schedule: Schedule) -> Iterator[str]:
    """Its steps, equal ones that follow each other on one line."""
    for (context, op), steps in itertools.groupby(schedule, key=lambda label: (label.context, label.op)):
        count = len(list(steps))
        yield f"    {context}: {op}" + (f", {count} times" if count > 1 else "")


def main(runs: int) -> None:
    begin = time.perf_counter()
    lost = trio.run(lost_updates, runs)
    print(f"plain trio: {lost:,} of {runs:,} runs lose an update ({time.perf_counter() - begin:.1f} s)")

    found = explore(tasks(repaired=False), (two,))
    (finding,) = found.findings
    print(f"aprt: {finding.text}, found in {1000 * found.seconds:.1f} ms:", *lines(finding.schedule), sep="\n")

    proved = explore(tasks(repaired=True), (two,))
    assert proved.complete
    assert not proved.findings
    print(f"aprt, repaired: no schedule loses an update, {proved.states} states, {1000 * proved.seconds:.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A rare race: by plain trio runs, and by a search.")
    parser.add_argument("runs", type=int, nargs="?", default=10_000, help="how many plain runs (default: %(default)s)")
    main(**vars(parser.parse_args()))
