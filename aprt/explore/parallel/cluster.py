"""A crew on a cluster of `dask.distributed`: a seat per worker process, on whatever machine it runs.

Work is for one worker only, and a worker that has gone is looked for while its work is waited for. The cluster could
move the work to another by itself, but does so only as long as there is another: what it holds when the last worker
goes is never done, although a new one may come a moment later. One that comes back at the same address within a second
is not missed; but what the seat did before is not known there, and whoever notices that has the seat refilled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from contextlib import ExitStack, contextmanager
from threading import Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from aprt.core.errors import UserError, WorkersLost

try:
    import distributed
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend
    from tornado.ioloop import IOLoop
except ImportError:
    raise UserError("a cluster needs dask.distributed: pip install 'aprt[cluster]'") from None

R = TypeVar("R")

_TIMEOUT = 10.0  # seconds to reach the scheduler
_LOOK = 1.0  # seconds between two looks at who is there


class ClusterCrew:
    """The workers of the cluster whose scheduler is at `address`, as they are now. A context manager.

    timeout: seconds to reach it. Raises: `UserError` when it cannot be reached, has no workers, or they run another
    version of aprt.
    """

    def __init__(self, address: str, version: Callable[[], str], timeout: float = _TIMEOUT) -> None:
        _check(address)
        self._address, self._timeout, self._open = address, timeout, ExitStack()
        self._open.enter_context(_quiet("distributed.client"))  # what it tells of a lost scheduler is told here
        loop = self._open.enter_context(running_loop())
        try:
            self._client: Any = distributed.Client(address, timeout=timeout, set_as_default=False, loop=loop)  # type: ignore[no-untyped-call]  # its types are partial
        except OSError as error:
            self._open.close()
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise UserError(f"no cluster at {address}: {reason} (start one with: dask scheduler)") from None
        try:
            versions = self._client.run(version, on_error="return")
            if not versions:
                raise UserError(f"the cluster at {address} has no workers (start some with: dask worker {address})")
            for worker, found in versions.items():
                if isinstance(found, Exception):
                    raise UserError(f"worker {worker} cannot run aprt: {found}")
                if found != version():
                    raise UserError(f"worker {worker} has aprt {found}, but this is aprt {version()}")
        except UserError:
            self.close()
            raise
        self._workers, self._looked = list(versions), time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def seats(self) -> int:
        return len(self._workers)

    def submit(self, seat: int, work: Callable[..., R], *args: Any) -> Sent[R]:
        worker = self._workers[seat]
        return Sent(self, worker, self._client.get_executor(workers=[worker], pure=False).submit(work, *args))

    def wait(self, pending: Iterable[Sent[R]], timeout: float | None = None) -> set[Sent[R]]:
        pending = set(pending)
        end = None if timeout is None else time.monotonic() + timeout
        while not (done := {sent for sent in pending if sent.lost or sent.future.done()}):
            left = _LOOK if end is None else min(_LOOK, end - time.monotonic())
            if left <= 0:
                break
            wait([sent.future for sent in pending], left, FIRST_COMPLETED)
            self._look(pending)
        return done

    def refill(self, seat: int) -> None:
        """Have the worker with the fewest seats take this one too. Raises: `WorkersLost` when there is none left."""
        end = time.monotonic() + self._timeout
        while not (there := self._there()):
            if time.monotonic() > end:
                raise WorkersLost(f"no worker of the cluster is left ({self._address})")
            time.sleep(_LOOK / 10)
        others = self._workers[:seat] + self._workers[seat + 1 :]
        self._workers[seat] = min(there, key=others.count)

    def _look(self, pending: Iterable[Sent[Any]]) -> None:
        """Give up what was sent to workers that have gone, now and then."""
        if time.monotonic() < self._looked + _LOOK:
            return
        there = self._there()
        self._looked = time.monotonic()
        for sent in pending:
            if sent.worker not in there and not sent.future.done():
                sent.lose()

    def _there(self) -> list[str]:
        """The workers that there are. Raises: `WorkersLost` when nobody can say."""
        # of a scheduler that has gone the client says what it heard last, and once it is closed nothing at all
        found = self._client.scheduler_info(n_workers=-1) if self._client.status == "running" else {}
        if self._client.status != "running":
            raise self.lost()
        return list(found["workers"])

    def lost(self) -> WorkersLost:
        return WorkersLost(f"the scheduler of the cluster has gone ({self._address})")

    def close(self) -> None:
        self._client.close()
        self._open.close()


class Sent(Generic[R]):
    """A piece of work that was sent to a worker. lost: it has gone, and nobody does the work any more."""

    def __init__(self, crew: ClusterCrew, worker: str, future: Future[R]) -> None:
        self._crew, self.worker, self.future = crew, worker, future
        self.lost = False

    def result(self) -> R:
        """What the work returns. Raises: what it raises, `BrokenExecutor` when its worker has gone, `WorkersLost` when
        the scheduler has."""
        self._crew.wait([self])
        if self.lost:
            raise BrokenExecutor(f"worker {self.worker} has gone")
        try:
            return self.future.result()
        except CancelledError:
            raise self._crew.lost() from None

    def lose(self) -> None:
        self.lost = True
        self.future.cancel()


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """That logger tells of nothing meanwhile but what is critical."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def running_loop() -> Iterator[IOLoop]:
    """An event loop in a thread of its own.

    distributed would make one, but fails when that has not begun after ten seconds, as on a busy machine.
    """
    begun: Future[tuple[IOLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        begun.set_result((IOLoop.current(), stop))
        await stop.wait()

    thread = Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    loop, stop = begun.result()
    try:
        yield loop
    finally:
        loop.add_callback(stop.set)
        thread.join()


def _check(address: str) -> None:
    """A client that is made for what is no address complains when it is collected. Raises: `UserError`."""
    try:
        scheme, location = parse_address(address)
        parse_host_port(location)
        get_backend(scheme)
    except ValueError as error:
        raise UserError(f"no cluster at {address!r}: {error} (its address is like tcp://127.0.0.1:8786)") from None
