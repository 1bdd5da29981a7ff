"""Work for crews, which processes must be able to import, and who does it."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from aprt import DEADLOCK, HANG, Property, System, always, choose
from aprt.core.errors import ReplayMismatch
from aprt.core.properties import After, AtEnd, endless
from aprt.explore.parallel.crew import Crew, Pending
from aprt.explore.result import Origin, Question
from aprt.kernel.rules import LOCK_ORDER
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS
from tests.explore.programs.locking import nested
from tests.explore.tiny import Variable, system

R = TypeVar("R")

PATIENCE = 300.0  # seconds to reach a cluster on this machine, however busy that is


def question(origin: Origin, **options: Any) -> Question:
    """All that is wrong with what `origin` makes."""
    system, properties = origin()
    return Question(system, properties, **({"stop_on": "all", "certify": True} | options))


class Here:
    """A crew of this very process."""

    seats = 1

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        future: Future[R] = Future()
        future.set_result(task(*args))
        return future

    def wait(self, pending: Iterable[Any], timeout: float | None = None) -> set[Any]:
        return set(pending)

    def refill(self, seat: int) -> None:
        raise AssertionError("nobody has died")


class NoCrew:
    """Nobody to ask."""

    seats = 2

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        raise AssertionError("nothing is to be shared")

    def wait(self, pending: Iterable[Any], timeout: float | None = None) -> set[Any]:
        raise AssertionError("nothing was sent")

    def refill(self, seat: int) -> None:
        raise AssertionError("nobody has died")


class Unlucky:
    """A crew of which one worker is killed before it is sent its piece of work numbered `last`; None: any piece."""

    def __init__(self, crew: Crew, last: int | None) -> None:
        self.crew, self.seats, self.sent, self.last = crew, crew.seats, 0, last

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Pending[R]:
        self.sent += seat == 1
        if seat == 1 and self.last in (None, self.sent):
            with suppress(BrokenExecutor):  # it may have died over what nobody waits for
                os.kill(self.crew.submit(seat, process, 0).result(), signal.SIGKILL)
        return self.crew.submit(seat, task, *args)

    def wait(self, pending: Iterable[Any], timeout: float | None = None) -> set[Any]:
        return self.crew.wait(pending, timeout)

    def refill(self, seat: int) -> None:
        self.crew.refill(seat)


def origin(name: str, *args: Any) -> tuple[System, tuple[Property, ...]]:
    """The program `module:function` of `tests.explore.programs`, checked for deadlocks."""
    module, _, function = name.partition(":")
    make = getattr(importlib.import_module(f"tests.explore.programs.{module}"), function)
    return make(*args), (DEADLOCK,)


def theft() -> tuple[System, tuple[Property, ...]]:
    """One context gives, the other takes: an oops of P2 if there is nothing. Checked for deadlocks."""
    x = Variable("x")

    async def giver() -> None:
        await x.give()

    async def thief() -> None:
        await x.take()

    return system(x, giver=giver, thief=thief), (DEADLOCK,)


def beside_races() -> tuple[System, tuple[Property, ...]]:
    """Two contexts give to the same variables, and a third one to its own."""
    x, y, z = Variable("x"), Variable("y"), Variable("z")

    async def racer() -> None:
        await x.give()
        await z.give()

    async def other() -> None:
        for _ in range(3):
            await y.give()

    return system(x, y, z, first=racer, second=racer, other=other), (DEADLOCK,)


def behind_an_oops() -> tuple[System, tuple[Property, ...]]:
    """Spoiling x is an oops, behind which nobody reads what somebody waits to read; a few steps beside it."""
    x, y, z = Variable("x"), Variable("y"), Variable("z")

    async def spoiler() -> None:
        await x.spoil()

    async def reader() -> None:
        await x.until(1)
        await y.load()

    async def other() -> None:
        for _ in range(3):
            await z.give()

    return system(x, y, z, spoiler=spoiler, reader=reader, other=other), (DEADLOCK,)


def locks(*orders: str) -> tuple[System, tuple[Property, ...]]:
    """Contexts that take locks in these orders, checked for one order."""
    return nested(*orders), (LOCK_ORDER,)


def case(reference: str) -> tuple[System, tuple[Property, ...]]:
    """A scenario of era v4, with all of its properties that one execution can break."""
    model = Case.parse(reference, ERAS).model()
    return model.system, tuple(p for p in model.properties if not endless(p))


def wrong_at_once(name: str, *args: Any) -> tuple[System, tuple[Property, ...]]:
    """Likewise a program, in which every state is wrong."""
    system, _ = origin(name, *args)
    return system, (always("wrong", system.actors, lambda view: "wrong"),)


def end_or_step() -> tuple[System, tuple[Property, ...]]:
    """A step to an end, or to where another step is possible. Both the end and that step are wrong."""
    x = Variable("x")

    async def chooser() -> None:
        if await choose("way", "on", "out") == "on":
            await x.give()

    bad = Property(
        "X", "", (After(x, "give", (x,), lambda view, event: "bad step"), AtEnd((x,), lambda view: "bad end"))
    )
    return system(x, chooser=chooser), (bad,)


def square(number: int) -> int:
    return number * number


def process(_: int) -> int:
    return os.getpid()


def process_name() -> str:
    """Differs from process to process, as versions of aprt could."""
    return str(os.getpid())


def die_once(piece: tuple[Path, int]) -> int:
    """The square of a number; the first worker to be asked for that of 3 is killed over it."""
    marker, number = piece
    if number == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


def die(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def hangs(reference: str) -> tuple[System, tuple[Property, ...]]:
    """A scenario of era v4, checked for hangs."""
    return Case.parse(reference, ERAS).model().system, (HANG,)


def refuse(piece: object) -> None:
    raise ReplayMismatch(3, f"{piece} to go on", ("left: A.lock",))


def imported(name: str) -> bool:
    """Whether this process has that module."""
    return name in sys.modules
