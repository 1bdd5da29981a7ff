"""A crew on this machine: a process for each seat, which is begun when it is first sent work.

It is forked where that is safe, so that it knows all that this process has imported and learned by then; importing
that again takes longer than many a piece of work. Forking is safe as long as there is one thread: another one may hold
a lock, which nobody would ever release in the child. Therefore nothing here needs a thread (`ProcessPoolExecutor` has
two for each pool): pipes are read when somebody waits. In a process with threads a worker starts from nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

R = TypeVar("R")

_AWAKE = 0.05  # seconds


class LocalCrew:
    """Worker processes on this machine. A context manager: on the way out they end, whatever they do."""

    def __init__(self, seats: int) -> None:
        self._seats = [_Seat() for _ in range(seats)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for seat in self._seats:
            seat.clear()

    @property
    def seats(self) -> int:
        return len(self._seats)

    def submit(self, seat: int, work: Callable[..., R], *args: Any) -> Task[R]:
        task = Task[R](self, pickle.dumps((work, args)))
        self._seats[seat].todo.append(task)
        self._go_on(self._seats[seat])
        return task

    def wait(self, tasks: Iterable[Task[R]], timeout: float | None = None) -> set[Task[R]]:
        tasks = set(tasks)
        end = None if timeout is None else time.monotonic() + timeout
        while not (done := {task for task in tasks if task.done}):
            working = {seat.pipe: seat for seat in self._seats if seat.pipe is not None and seat.todo}
            left = None if end is None else max(0.0, end - time.monotonic())
            ready = connection.wait(working, left)
            if not ready:
                break
            for pipe in ready:
                seat = working[pipe]  # type: ignore[index]  # these are pipes, no sockets or numbers
                seat.receive()
                self._go_on(seat)
        return done

    def refill(self, seat: int) -> None:
        self._seats[seat].clear()

    def _go_on(self, seat: _Seat) -> None:
        if seat.todo and not seat.busy:
            if seat.pipe is None:
                seat.fill([other.pipe for other in self._seats if other.pipe is not None])
            seat.send()


class Task(Generic[R]):
    """A piece of work that was sent, or waits for its turn. done: whether `result` has an answer at once."""

    def __init__(self, crew: LocalCrew, packed: bytes) -> None:
        self._crew, self.packed = crew, packed
        self.done = False
        self._result: Any = None
        self._error: BaseException | None = None

    def result(self) -> R:
        """What the work returns. Raises: what it raises, and `BrokenExecutor` when its worker died."""
        if not self.done:
            self._crew.wait([self])
        if self._error is not None:
            raise self._error
        result: R = self._result
        return result

    def finish(self, result: Any, error: BaseException | None = None) -> None:
        self.done, self._result, self._error = True, result, error


class _Seat:
    """todo: the tasks of the worker; it does the first of them if it is `busy`. pipe: to it, None while there is none.

    What comes over the pipe is cut off when Ctrl-C ends a read half-way, so the worker goes then.
    """

    def __init__(self) -> None:
        self.todo: deque[Task[Any]] = deque()
        self.busy = False
        self.pipe: Connection[Any, Any] | None = None
        self._process: BaseProcess | None = None

    def fill(self, others: list[Connection[Any, Any]]) -> None:
        """Have a worker sit here. others: the pipes to all other workers."""
        method = _start_method()
        context = multiprocessing.get_context(method)
        self.pipe, theirs = context.Pipe()
        inherited = (self.pipe, *others) if method == "fork" else ()
        self._process = context.Process(target=_serve, args=(theirs, inherited), daemon=True)  # type: ignore[attr-defined]  # every context has it
        with _deaf():
            self._process.start()
        theirs.close()

    def send(self) -> None:
        """Send the worker the first task."""
        assert self.pipe is not None
        self.busy = True
        try:
            self.pipe.send_bytes(self.todo[0].packed)
        except OSError:
            self._break()
        except BaseException:
            self.clear()
            raise

    def receive(self) -> None:
        """Take what the worker has to say to the first task, or that it died."""
        assert self.pipe is not None
        try:
            packed = self.pipe.recv_bytes()
        except (EOFError, OSError):
            self._break()
        except BaseException:
            self.clear()
            raise
        else:
            self.busy = False
            self.todo.popleft().finish(*pickle.loads(packed))

    def clear(self) -> None:
        """Have nobody sit here; what was to be done is not."""
        if self._process is not None:
            self._process.kill()
        self._break()

    def _break(self) -> None:
        if self.pipe is not None:
            self.pipe.close()
        if self._process is not None:
            self._process.join()
        self.busy, self.pipe, self._process = False, None, None
        while self.todo:
            self.todo.popleft().finish(None, BrokenExecutor("a worker died"))


@contextmanager
def _deaf() -> Iterator[None]:
    """A process that begins meanwhile is not to be ended by Ctrl-C before it can say that it does not listen to it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_method() -> str:
    alone = sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1
    return "fork" if alone else "spawn"


def _serve(pipe: Connection[Any, Any], inherited: tuple[Connection[Any, Any], ...]) -> None:
    """Do what comes over the pipe, until its other end is closed: in all processes, so also the copies of it here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever sends the work
    for copy in inherited:
        copy.close()
    while True:
        try:
            _expect(pipe)
            pipe.send_bytes(_done(pipe.recv_bytes()))
        except (EOFError, OSError):
            return


def _expect(pipe: Connection[Any, Any]) -> None:
    """Stay awake for a moment if nothing has come yet: a processor that was idle, of a virtual machine above all, is
    slow for long after a short rest, and between two rounds of a search there are many."""
    end = time.monotonic() + _AWAKE
    while not pipe.poll() and time.monotonic() < end:
        os.sched_yield()  # whoever else has something to do goes first; `time.sleep(0)` would rest


def _done(packed: bytes) -> bytes:
    """The result of a piece of work and what it raised."""
    try:
        work, args = pickle.loads(packed)
        return pickle.dumps((work(*args), None))
    except BaseException as error:
        error.add_note("in a worker:\n" + "".join(traceback.format_exception(error)))
        return pickle.dumps((None, error))
