"""In 5.13 and 5.14 an mdev has a flag: somebody is about to give it a VM, or to take it, without the lock just now.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct ap_matrix_mdev (kvm_busy, wait_for_kvm) (5.13);
include/linux/wait.h: wait_event_cmd (5.13).
"""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.actor import Actor
from aprt.core.chain import mirrors
from aprt.kernel.flag import Flag
from aprt.kernel.mutex import Mutex
from aprt.kernel.wait_queue import WaitQueue


@attrs.frozen(eq=False)
class KvmBusy:
    """lock: the driver's one lock, which whoever waits gives back meanwhile."""

    flag: Flag
    waiters: WaitQueue
    lock: Mutex

    @classmethod
    def of(cls, mdev: str, lock: Mutex) -> KvmBusy:
        flag = Flag(f"{mdev}.kvm_busy", lock_class="kvm_busy", guard=lock)
        return cls(flag, WaitQueue(f"{mdev}.wait_for_kvm", awaits=flag.hold()), lock)

    def actors(self) -> tuple[Actor[Any], ...]:
        return (self.flag, self.waiters)

    @mirrors("wait_event_cmd")
    async def wait(self) -> None:
        """Sleep until the flag is clear. Locks: the lock held, on return too; given back while asleep."""
        if await self.flag.is_clear():
            return
        while True:
            await self.waiters.prepare()
            if await self.flag.is_clear():
                break
            await self.lock.unlock()
            await self.waiters.schedule()
            await self.lock.lock()
        await self.waiters.finish()

    @mirrors(None)
    async def leave_lock(self) -> None:
        """From here on the flag keeps others out, no longer the lock."""
        await self.flag.set()
        await self.lock.unlock()

    @mirrors(None)
    async def done(self) -> None:
        """From here on the lock keeps others out again. Locks: the lock held."""
        await self.flag.clear()
        await self.waiters.wake_all()
