"""Patches for era 2026 that a reviewer might get. All but `SAFE` have one mistake, in one procedure."""

from __future__ import annotations

from aprt import patch
from aprt.kernel.held import held
from aprt.vfio_ap.ap.apqn import QueueDimension, QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.kvm_destroy import put_vm
from aprt.vfio_ap.mainline import hot_plug
from aprt.vfio_ap.mainline.guest_config import filter_and_update, link_queue, update_guest_apcb
from aprt.vfio_ap.mainline.locks import (
    lock_below_guests,
    lock_by_apqn,
    lock_for_kvm,
    unlock,
    unlock_below_guests,
    unlock_for_kvm,
)
from aprt.vfio_ap.mainline.machine import Guest, Machine, Queue
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.mdev_sysfs import hot_unplug
from aprt.vfio_ap.mainline.reset import reset_queues


async def _detach(machine: Machine, mdev: Mdev, reset_first: bool, kvm_locked: bool) -> None:
    vm = await mdev.read_kvm()
    if vm is None:
        return
    guest = machine.guest(vm)
    await (lock_for_kvm(machine, guest) if kvm_locked else _lock_without_kvm(machine, guest))
    await mdev.begin_detach()
    await guest.vm.set_hook(None)
    if reset_first:
        await reset_queues(machine, mdev)
    await guest.crycb.set_masks(Matrix())
    if not reset_first:
        await reset_queues(machine, mdev)
    await mdev.set_kvm(None)
    await (unlock_for_kvm(machine, guest) if kvm_locked else _unlock_without_kvm(machine, guest))
    await put_vm(machine, guest)


async def _lock_without_kvm(machine: Machine, guest: Guest) -> None:
    await machine.guests_lock.lock()
    await guest.hook_rwsem.down_write()
    await machine.mdevs_lock.lock()


async def _unlock_without_kvm(machine: Machine, guest: Guest) -> None:
    await machine.mdevs_lock.unlock()
    await guest.hook_rwsem.up_write()
    await machine.guests_lock.unlock()


async def detach(machine: Machine, mdev: Mdev) -> None:
    await _detach(machine, mdev, reset_first=False, kvm_locked=True)


async def detach_without_kvm_lock(machine: Machine, mdev: Mdev) -> None:
    await _detach(machine, mdev, reset_first=False, kvm_locked=False)


async def detach_resets_first(machine: Machine, mdev: Mdev) -> None:
    await _detach(machine, mdev, reset_first=True, kvm_locked=True)


async def attach_keeps_reference(machine: Machine, mdev: Mdev, guest: Guest) -> int:
    """The reference is taken before the test for another mdev, and stays when that fails."""
    await guest.vm.get()
    await lock_for_kvm(machine, guest)
    refused = await guest.vm.read_hook() is not None
    if not refused:
        await guest.vm.set_hook(mdev.name)
        await mdev.set_kvm(guest.name)
        await update_guest_apcb(machine, mdev)
    await unlock_for_kvm(machine, guest)
    return Errno.EPERM.failure if refused else 0


async def unassign_locks_nothing(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    matrix = await mdev.read_matrix()
    await mdev.set_matrix(matrix.without_bit(dimension, int(text)))
    await hot_unplug(machine, mdev, matrix, dimension, (int(text),))
    return 0


async def _probe(machine: Machine, queue: Queue, links: bool, filters: bool) -> int:
    mdev, guest = await lock_by_apqn(machine, queue.apqn)
    await queue.status.create()
    found = QueuePointer(queue.apqn, await queue.object.alloc())
    if mdev is not None and links:
        await link_queue(machine, mdev, found)
    if mdev is not None and filters:
        await filter_and_update(machine, mdev)
    await machine.bus.set_drvdata(queue.apqn, found.generation)
    await unlock(machine, guest)
    return 0


async def probe(machine: Machine, queue: Queue) -> int:
    return await _probe(machine, queue, links=True, filters=True)


async def probe_links_nothing(machine: Machine, queue: Queue) -> int:
    return await _probe(machine, queue, links=False, filters=True)


async def probe_filters_nothing(machine: Machine, queue: Queue) -> int:
    return await _probe(machine, queue, links=True, filters=False)


async def scan_leaves_pending(machine: Machine) -> None:
    """What the host gained is given to the guests, and not forgotten."""
    async with held(machine.guests_lock):
        for name in await machine.matrix_dev.list_mdevs():
            guest = await lock_below_guests(machine, machine.mdev(name))
            await hot_plug._hot_plug_cfg(machine, machine.mdev(name))
            await unlock_below_guests(machine, guest)


SAFE = patch("nothing is wrong", since="2026", detach=detach, probe=probe)
UNLOCKED = patch("unset_kvm forgets kvm->lock", since="2026", detach=detach_without_kvm_lock)
RESETS_FIRST = patch("queues are reset while the guest reaches them", since="2026", detach=detach_resets_first)
KEEPS_REFERENCE = patch("a refused open keeps its reference", since="2026", attach=attach_keeps_reference)
LINKS_NOTHING = patch("a queue that is probed is in no table", since="2026", probe=probe_links_nothing)
FILTERS_NOTHING = patch("a probe leaves the guest as it is", since="2026", probe=probe_filters_nothing)
LOCKS_NOTHING = patch("unassign takes no lock", since="2026", unassign=unassign_locks_nothing)
LEAVES_PENDING = patch("what was gained stays pending", since="2026", scan_complete=scan_leaves_pending)
