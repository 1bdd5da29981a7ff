"""A crew on a cluster of `dask.distributed`: a seat per worker process, on whatever machine it runs.

The cluster moves the work of a worker that dies to another by itself, so that a seat never breaks here; but what
the seat did before is then not known there. Whoever notices that has the seat refilled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, contextmanager
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from aprt.core.errors import UserError, WorkersLost

try:
    import distributed
    from distributed.comm.addressing import parse_address, parse_host_port
    from tornado.ioloop import IOLoop
except ImportError:
    raise UserError("a cluster needs dask.distributed: pip install 'aprt[cluster]'") from None

R = TypeVar("R")

_TIMEOUT = 10.0  # seconds to reach the scheduler


class ClusterCrew:
    """The workers of the cluster whose scheduler is at `address`, as they are now. A context manager.

    timeout: seconds to reach it. Raises: `UserError` when it cannot be reached, has no workers, or they run another
    version of aprt.
    """

    def __init__(self, address: str, version: Callable[[], str], timeout: float = _TIMEOUT) -> None:
        _check(address)
        self._timeout, self._open = timeout, ExitStack()
        loop = self._open.enter_context(running_loop())
        try:
            self._client: Any = distributed.Client(address, timeout=timeout, set_as_default=False, loop=loop)  # type: ignore[no-untyped-call]  # its types are partial
        except OSError as error:
            self._open.close()
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise UserError(f"no cluster at {address}: {reason} (start one with: dask scheduler)") from None
        try:
            versions = self._client.run(version)
            if not versions:
                raise UserError(f"the cluster at {address} has no workers (start some with: dask worker {address})")
            for worker, found in versions.items():
                if found != version():
                    raise UserError(f"worker {worker} has aprt {found}, but this is aprt {version()}")
        except ModuleNotFoundError as error:
            self.close()
            raise UserError(f"a worker of {address} has no aprt: {error}") from None
        except UserError:
            self.close()
            raise
        self._workers = list(versions)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def seats(self) -> int:
        return len(self._workers)

    def submit(self, seat: int, work: Callable[..., R], *args: Any) -> Future[R]:
        executor = self._client.get_executor(workers=[self._workers[seat]], allow_other_workers=True, pure=False)
        future: Future[R] = executor.submit(work, *args)
        return future

    def wait(self, pending: Iterable[Future[R]], timeout: float | None = None) -> set[Future[R]]:
        return wait(pending, timeout, FIRST_COMPLETED).done

    def refill(self, seat: int) -> None:
        """Have the worker with the fewest seats take this one too. Raises: `WorkersLost` when there is none left."""
        try:
            self._client.wait_for_workers(1, timeout=self._timeout)
        except TimeoutError:
            raise WorkersLost(f"no worker of the cluster is left ({self._client.scheduler.address})") from None
        others = self._workers[:seat] + self._workers[seat + 1 :]
        self._workers[seat] = min(self._client.scheduler_info(n_workers=-1)["workers"], key=others.count)

    def close(self) -> None:
        self._client.close()
        self._open.close()


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
        parse_host_port(parse_address(address)[1])
    except ValueError as error:
        raise UserError(f"no cluster at {address!r}: {error} (its address is like tcp://127.0.0.1:8786)") from None
