"""A crew: processes that do pieces of work, each with a seat that can be addressed.

What a seat did before stays in its process, so work that goes on from there is sent to the same seat. A process can
die at any moment (killed, out of memory, its machine gone); then the seat is filled anew, and whoever sent the work
sends it again, with all that the newcomer does not know.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from functools import cache
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from aprt.core.errors import UserError

P = TypeVar("P")
R = TypeVar("R")

PATIENCE = 3  # workers that may die over one piece of work


class Crew(Protocol):
    """Workers by seat, from 0. What is sent must be picklable, functions by their module and name."""

    @property
    def seats(self) -> int: ...

    def submit(self, seat: int, work: Callable[..., R], *args: Any) -> Future[R]:
        """Have it done there, after what was sent there before. The result raises `BrokenExecutor` if that died."""

    def refill(self, seat: int) -> None:
        """Have a fresh worker sit where one died."""


class LocalCrew:
    """Worker processes on this machine. A context manager: on the way out they end."""

    def __init__(self, seats: int) -> None:
        self._pools = [_pool() for _ in range(seats)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools:
            pool.shutdown(wait=error is None, cancel_futures=True)

    @property
    def seats(self) -> int:
        return len(self._pools)

    def submit(self, seat: int, work: Callable[..., R], *args: Any) -> Future[R]:
        try:
            return self._pools[seat].submit(work, *args)
        except BrokenExecutor:  # died while nothing was sent there
            self.refill(seat)
            return self._pools[seat].submit(work, *args)

    def refill(self, seat: int) -> None:
        self._pools[seat].shutdown(wait=False)
        self._pools[seat] = _pool()


@cache
def desk() -> dict[Any, Any]:
    """What this process keeps between one piece of work and the next."""
    return {}


def scatter(crew: Crew, work: Callable[[P], R], pieces: Iterable[P]) -> Iterator[tuple[P, R]]:
    """Have each piece done by whichever seat is free; gives each with its result, in the order they are done.

    pieces: may have more after a result came, though it had none before. A piece whose worker died is done again.

    Raises: what the work raises, and `UserError` for a piece over which `PATIENCE` workers died.
    """
    todo = iter(pieces)
    idle = list(range(crew.seats))
    busy: dict[Future[R], tuple[int, P, int]] = {}
    while True:
        while idle and (piece := next(todo, None)) is not None:
            seat = idle.pop()
            busy[crew.submit(seat, work, piece)] = seat, piece, 1
        if not busy:
            return
        for future in wait(busy, return_when=FIRST_COMPLETED).done:
            seat, piece, tries = busy.pop(future)
            try:
                result = future.result()
            except BrokenExecutor:
                if tries == PATIENCE:
                    raise UserError(f"{PATIENCE} workers died over {piece} (out of memory?)") from None
                crew.refill(seat)
                busy[crew.submit(seat, work, piece)] = seat, piece, tries + 1
                continue
            idle.append(seat)
            yield piece, result


def _pool() -> ProcessPoolExecutor:
    # not forked: this process may have threads, and a worker elsewhere starts from nothing, too
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _start)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever sends the work
