"""The locks that an update of a guest's configuration takes, in their one order, and the helpers that take them.

    guests_lock -> kvm->lock -> pqap_hook_rwsem -> mdevs_lock

Before 6.0 there is no guests_lock, and mdevs_lock is the driver's one lock.

guests_lock keeps every mdev's VM pointer where it is, so it can be looked at to know which kvm->lock comes next.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: get_update_locks_for_kvm(), release_update_locks_for_kvm(),
get_update_locks_for_mdev(), release_update_locks_for_mdev(), get_update_locks_by_apqn(),
get_update_locks_for_queue() (6.12).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.host.names import renamed
from aprt.vfio_ap.mainline.machine import Guest, Machine, Queue
from aprt.vfio_ap.mainline.mdev import Mdev


@mirrors(renamed(None, dynamic_config="get_update_locks_for_kvm"))
async def lock_for_kvm(machine: Machine, guest: Guest) -> None:
    """All four. Before fix B17 the rwsem is not among them: the hook was changed in a section of its own."""
    if machine.on("dynamic_config"):
        await machine.guests_lock.lock()
    await guest.kvm_lock.lock()
    if machine.on("B17"):
        await guest.hook_rwsem.down_write()
    await machine.mdevs_lock.lock()


@mirrors(renamed(None, dynamic_config="release_update_locks_for_kvm"))
async def unlock_for_kvm(machine: Machine, guest: Guest) -> None:
    """The reverse of `lock_for_kvm`."""
    await machine.mdevs_lock.unlock()
    if machine.on("B17"):
        await guest.hook_rwsem.up_write()
    await guest.kvm_lock.unlock()
    if machine.on("dynamic_config"):
        await machine.guests_lock.unlock()


@mirrors("get_update_locks_for_mdev")
async def lock_for_mdev(machine: Machine, mdev: Mdev) -> Guest | None:
    """guests_lock, kvm->lock of the mdev's VM if it has one, mdevs_lock. Replies the guest whose lock was taken."""
    await machine.guests_lock.lock()
    return await lock_below_guests(machine, mdev)


@mirrors(None)
async def lock_below_guests(machine: Machine, mdev: Mdev | None) -> Guest | None:
    """The same, when guests_lock is held; without an mdev only mdevs_lock."""
    guest = None if mdev is None else await _lock_vm_of(machine, mdev)
    await machine.mdevs_lock.lock()
    return guest


@mirrors("get_update_locks_by_apqn")
async def lock_by_apqn(machine: Machine, apqn: Apqn) -> tuple[Mdev | None, Guest | None]:
    """As `lock_for_mdev`, for the mdev whose matrix has the APQN, if there is one; replies it, too."""
    await machine.guests_lock.lock()
    mdev = await mdev_of(machine, apqn)
    return mdev, await lock_below_guests(machine, mdev)


@mirrors("get_update_locks_for_queue")
async def lock_for_queue(machine: Machine, queue: Queue, found: QueuePointer) -> Guest | None:
    """As `lock_for_mdev`, for the mdev that the queue points to."""
    await machine.guests_lock.lock()
    name = await queue.object.peek_mdev(found.generation)
    return await lock_below_guests(machine, None if name is None else machine.mdev(name))


@mirrors("release_update_locks_for_mdev")
async def unlock(machine: Machine, guest: Guest | None) -> None:
    """The reverse of those that take guests_lock, given the guest they replied."""
    await unlock_below_guests(machine, guest)
    await machine.guests_lock.unlock()


@mirrors(None)
async def unlock_below_guests(machine: Machine, guest: Guest | None) -> None:
    """The reverse of `lock_below_guests`."""
    await machine.mdevs_lock.unlock()
    if guest is not None:
        await guest.kvm_lock.unlock()


@mirrors(None)
async def mdev_of(machine: Machine, apqn: Apqn) -> Mdev | None:
    """The mdev whose matrix has the APQN. Locks: guests_lock held."""
    for name in await machine.matrix_dev.list_mdevs():
        mdev = machine.mdev(name)
        if apqn in await mdev.read_matrix():
            return mdev
    return None


async def _lock_vm_of(machine: Machine, mdev: Mdev) -> Guest | None:
    vm = await mdev.read_kvm()
    if vm is None:
        return None
    guest = machine.guest(vm)
    await guest.kvm_lock.lock()
    return guest
