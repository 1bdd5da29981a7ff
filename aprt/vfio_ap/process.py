"""The user space process that runs a guest: its threads, its signals and its file table.

SIGKILL only sets a bit; a thread sees it where the kernel looks for signals, so a handler in progress finishes.
When the last thread has left, `do_exit` closes what is still open. An ioctl in progress holds its file. The last
reference of a file runs its release, which is the business of whoever dropped it (`userspace.release_file`).

Mirrors: fs/file.c: close_files(); fs/file_table.c: __fput() and its task work; kernel/exit.c: do_exit().
Left out: the memory map, and the numbers of descriptors: no order of the final releases is promised anyway.
"""

from __future__ import annotations

import attrs
from pyrsistent import PMap, pmap

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller


@attrs.frozen
class ProcessState:
    fds: PMap[str, str] = pmap()  # descriptor -> file
    refs: PMap[str, int] = pmap()  # file -> references: descriptors and ioctls in progress
    threads: tuple[str, ...] = ()  # still in the kernel or able to enter it, sorted
    killed: bool = False


@attrs.frozen(eq=False)
class Process(Actor[ProcessState]):
    """One process. files: open at the start, one descriptor each, named alike. threads: running at the start."""

    atomic = ("*",)  # signals and the file table have locks of their own

    files: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()

    def initial(self) -> ProcessState:
        return ProcessState(pmap({f: f for f in self.files}), pmap(dict.fromkeys(self.files, 1)), self.threads)

    def owns(self, state: ProcessState) -> tuple[str, ...]:
        """Its VM, as long as a file of it is open."""
        return (self.name.rpartition(".")[0],) if state.refs else ()

    @handler(reads="fds refs", writes="fds refs")
    def install(self, state: ProcessState, by: Caller, fd: str, file: str) -> Outcome[ProcessState, None]:
        """A new descriptor for a new or (dup, SCM_RIGHTS) an existing file."""
        refs = state.refs.set(file, state.refs.get(file, 0) + 1)
        return attrs.evolve(state, fds=state.fds.set(fd, file), refs=refs), None

    @handler(reads="fds")
    def descriptors(self, state: ProcessState, by: Caller) -> Outcome[ProcessState, tuple[str, ...]]:
        """The open descriptors, sorted."""
        return state, tuple(sorted(state.fds))

    @handler(reads="fds refs", writes="refs")
    def fdget(self, state: ProcessState, by: Caller, fd: str) -> Outcome[ProcessState, str | None]:
        """The file behind a descriptor, held for an ioctl; None: not open (-EBADF)."""
        file = state.fds.get(fd)
        if file is None:
            return state, None
        return attrs.evolve(state, refs=state.refs.set(file, state.refs[file] + 1)), file

    @handler(reads="refs", writes="refs", orders="both")
    def fput(self, state: ProcessState, by: Caller, file: str) -> Outcome[ProcessState, bool]:
        """Drop a reference of a file. True: it was the last, and the caller runs its release."""
        refs, last = _dropped(state.refs, file)
        return attrs.evolve(state, refs=refs), last

    @handler(reads="fds refs", writes="fds refs", orders="both")
    def close(self, state: ProcessState, by: Caller, fd: str) -> Outcome[ProcessState, str | None]:
        """Close a descriptor. The file whose last reference this was, to be released by the caller, or None."""
        file = state.fds.get(fd)
        if file is None:
            return state, None
        refs, last = _dropped(state.refs, file)
        return attrs.evolve(state, fds=state.fds.remove(fd), refs=refs), file if last else None

    @handler(reads="killed", writes="killed")
    def sigkill(self, state: ProcessState, by: Caller) -> Outcome[ProcessState, None]:
        return (state if state.killed else attrs.evolve(state, killed=True)), None

    @handler(reads="killed")
    def signal_pending(self, state: ProcessState, by: Caller) -> Outcome[ProcessState, bool]:
        return state, state.killed

    @handler(reads="threads", writes="threads", orders="release")
    def leave(self, state: ProcessState, by: Caller, thread: str) -> Outcome[ProcessState, None]:
        """A thread ends."""
        return attrs.evolve(state, threads=tuple(t for t in state.threads if t != thread)), None

    @handler(reads="killed threads", orders="acquire")
    def last_thread_gone(self, state: ProcessState, by: Caller) -> Outcome[ProcessState, None]:
        """Blocks until the process was killed and no thread is left."""
        return (state, None) if state.killed and not state.threads else BLOCK


def _dropped(refs: PMap[str, int], file: str) -> tuple[PMap[str, int], bool]:
    if refs[file] > 1:
        return refs.set(file, refs[file] - 1), False
    return refs.remove(file), True
