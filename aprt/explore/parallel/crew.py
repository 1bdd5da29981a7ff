"""A crew: processes that do pieces of work, each with a seat that can be addressed.

What a seat did before stays in its process, so work that goes on from there is sent to the same seat. A process can
die at any moment (killed, out of memory, its machine gone); then the seat is filled anew, and whoever sent the work
sends it again, with all that the newcomer does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from functools import cache
from typing import Any, Protocol, TypeVar

from aprt.core.errors import WorkersLost

P = TypeVar("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

PATIENCE = 3  # workers that may die over one piece of work


class Forgotten(Exception):
    """Whoever sits there now has not done what was sent there before."""


class Pending(Hashable, Protocol[R_co]):
    """Work that was sent to a seat."""

    def result(self) -> R_co:
        """What it returns, once it is done. Raises: what it raises, and `BrokenExecutor` when its worker died."""


class Crew(Protocol):
    """Workers by seat, from 0. What is sent must be picklable, functions by their module and name."""

    @property
    def seats(self) -> int: ...

    def submit(self, seat: int, work: Callable[..., R], *args: Any) -> Pending[R]:
        """Have it done there, after what was sent there before. That a worker died shows in the result, not here."""

    def wait(self, pending: Iterable[Any], timeout: float | None = None) -> set[Any]:
        """Those that are done, of what this crew was sent, as soon as there is one; none when so many seconds are
        over."""

    def refill(self, seat: int) -> None:
        """Have a fresh worker sit where one died."""


@cache
def desk() -> dict[Any, Any]:
    """What this process keeps between one piece of work and the next."""
    return {}


def scatter(crew: Crew | None, work: Callable[[P], R], pieces: Iterable[P]) -> Iterator[tuple[P, R]]:
    """Have each piece done by whichever seat is free; gives each with its result, in the order they are done.

    Without a crew they are done here, one after the other. pieces: may have more after a result came, though it had
    none before. A piece whose worker died is done again.

    Raises: what the work raises, and `WorkersLost` for a piece over which `PATIENCE` workers died.
    """
    if crew is None:
        yield from ((piece, work(piece)) for piece in pieces)
        return
    todo = iter(pieces)
    idle = list(range(crew.seats))
    busy: dict[Pending[R], tuple[int, P, int]] = {}
    while True:
        while idle and (piece := next(todo, None)) is not None:
            seat = idle.pop()
            busy[crew.submit(seat, work, piece)] = seat, piece, 1
        if not busy:
            return
        for done in crew.wait(busy):
            seat, piece, tries = busy.pop(done)
            try:
                result = done.result()
            except BrokenExecutor:
                if tries == PATIENCE:
                    raise WorkersLost(f"{PATIENCE} workers died over {piece} (out of memory?)") from None
                crew.refill(seat)
                busy[crew.submit(seat, work, piece)] = seat, piece, tries + 1
                continue
            idle.append(seat)
            yield piece, result
