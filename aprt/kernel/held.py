"""Critical sections: `async with held(mutex):` takes a lock on the way in and gives it back on the way out.

Without a lock, or with `when=False`, a section makes no step, so a kernel that lacks a lock needs no second body.

A section is a plain value, because it lives on the value stack of a suspended behaviour and two control states
are the same only when what they hold is equal. It gives the lock back on `return`, `break` and errors; not when
a driver drops a behaviour half-way (`GeneratorExit`, a cancellation): there is nobody left to make a step then.
"""

from __future__ import annotations

from types import TracebackType

import attrs

from aprt.core.effects import Call
from aprt.core.notes import Irq
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock


@attrs.frozen
class Section:
    """What to send on the way in and out. announce: sent first, by locks that keep track of who waits."""

    take: Call[None] | None
    give: Call[None] | None
    when: bool = True
    announce: Call[None] | None = None

    async def __aenter__(self) -> None:
        if not self.when:
            return
        if self.announce is not None:
            await self.announce
        if self.take is not None:
            await self.take

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.when and self.give is not None and (error is None or isinstance(error, Exception)):
            await self.give


def held(lock: Mutex | Spinlock | None, *, when: bool = True) -> Section:
    """The section in which the caller owns `lock`."""
    return Section(None, None) if lock is None else Section(lock.lock(), lock.unlock(), when)


def masked(lock: Spinlock, irq: Irq = "hardirq", *, when: bool = True) -> Section:
    """As `held`, with such interrupts off meanwhile: spin_lock_irqsave() and, of "softirq", spin_lock_bh()."""
    return Section(lock.lock(irq), lock.unlock(), when)


def reading(rwsem: RwSem, *, when: bool = True) -> Section:
    """The section in which the caller holds `rwsem` for reading, next to other readers."""
    return Section(rwsem.down_read(), rwsem.up_read(), when)


def writing(rwsem: RwSem, *, when: bool = True) -> Section:
    """The section in which the caller holds `rwsem` for writing, alone. With `writer_first` it enqueues first."""
    announce = rwsem.enqueue() if rwsem.writer_first else None
    return Section(rwsem.down_write(), rwsem.up_write(), when, announce)
