"""What the driver does when a guest goes: masks, resets, records, buckets, hook, pointer.

The series' release does these things without a lock and without waiting; the six measures change who is kept out
and what is waited for:

    hook_lock    the hook goes first, under a lock that waits for running handlers
    clear_apcb   the guest's masks are cleared before the reset, whatever the variant `release_masks` says
    wait_reset   resets and interrupt changes are waited for (`reset`, `aqic_off`)
    one_mutex    all of it under the matrix lock, with the VM pointer claimed there
    vm_ref       the reference taken at attach is dropped at the very end
    cleanup_everywhere   see `group_notifier`: the same on SET_KVM(NULL)

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_release(), vfio_ap_mdev_unset_kvm(),
vfio_ap_free_aqic_resources(). The order without measures is reconstructed from the series' cover letter.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held, writing
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.ap.response import OFF, SILENT, TRANSIENT, Rc, Status
from aprt.vfio_ap.kvm.gisc import gisc_unregister
from aprt.vfio_ap.series.machine import Guest, Machine, Queue
from aprt.vfio_ap.series.mdev import Mdev
from aprt.vfio_ap.series.reset import reset_queues


@mirrors("vfio_ap_mdev_unset_kvm")
async def detach(machine: Machine, mdev: Mdev) -> Guest | None:
    """Take the guest's interrupts and access away and forget the VM.

    Returns the guest it was attached to, whose reference (measure vm_ref) the caller now has to drop; None when
    there was no VM, or somebody else has claimed the cleanup. Locks: none on entry.
    """
    guest = await _claim(machine, mdev)
    if guest is None:
        return None
    if machine.on("hook_lock"):
        async with writing(guest.hook_lock):
            await guest.vm.set_hook(None)
    async with held(machine.matrix_lock, when=machine.on("one_mutex")):
        await _disconnect(machine, guest, mdev)
    return guest


async def _claim(machine: Machine, mdev: Mdev) -> Guest | None:
    if machine.on("one_mutex"):
        async with held(machine.matrix_lock):
            vm = await mdev.claim()
    else:
        vm = await mdev.begin_detach()
    return None if vm is None else machine.guest(vm)


async def _disconnect(machine: Machine, guest: Guest, mdev: Mdev) -> None:
    masks_first = machine.on("clear_apcb") or machine.variant("release_masks") == "masks_first"
    if masks_first:
        await clear_masks(machine, guest)
    if not machine.on("free_before_reset"):
        await reset_queues(machine, await mdev.read_matrix())
    for found in await mdev.queues():
        await free_records(machine, machine.queues[found.apqn], found, guest, after_reset=True)
        await machine.queues[found.apqn].object.set_mdev(None)
        if await mdev.unlink(found.apqn) is not None:
            await machine.matrix_dev.give(found)
    if machine.on("free_before_reset"):
        await reset_queues(machine, await mdev.read_matrix())
    if not masks_first:
        await clear_masks(machine, guest)
    if not machine.on("hook_lock"):
        await guest.vm.set_hook(None)
    await mdev.end_detach()


@mirrors("kvm_arch_crypto_clear_masks")
async def clear_masks(machine: Machine, guest: Guest) -> None:
    """kvm_arch_crypto_clear_masks(): all vCPUs out of SIE, APCB all zero. Locks: takes kvm->lock.

    The mutants of `masks_lock` are the mistakes that can be made with a lock.
    """
    mutant, lock = machine.variant("masks_lock"), guest.kvm_lock
    crossed = mutant == "masks_locks_crossed"
    async with held(lock, when=crossed), held(machine.matrix_lock, when=crossed):
        pass
    async with (
        held(machine.matrix_lock, when=crossed),
        held(guest.gisa.ref_lock, when=mutant == "masks_in_spinlock"),
        held(lock, when=mutant == "masks_locked_twice"),
        held(lock, when=mutant != "masks_unlocked"),
    ):
        await guest.crycb.set_masks(Matrix())
    if mutant == "masks_unlocked_twice":
        await lock.unlock()


@mirrors("vfio_ap_free_aqic_resources")
async def free_records(
    machine: Machine, queue: Queue, found: QueuePointer, guest: Guest | None, after_reset: bool = False
) -> None:
    """Give back what the queue owns and forget it. Without a VM the registration cannot be given back.

    after_reset: the caller has concluded that a reset of the queue is over (property P12 looks at that).
    """
    saved = await queue.object.records(found.generation)
    if saved is None:
        return
    if guest is not None:
        await gisc_unregister(guest.gisa, saved.isc)
    await machine.guest(saved.vm).memory.unpin(saved.nib)
    if not machine.on("keep_irq_record"):
        await queue.object.forget(found.generation, guest is not None, after_reset)


@mirrors("vfio_ap_irq_disable")
async def disable(machine: Machine, queue: Queue, found: QueuePointer, guest: Guest) -> Status:
    """AQIC(disable) and release. The records stay when the answer is neither 00 nor 07.

    The series takes 00 for done, and gives up on 02 and 05 after the retries of the variant `clear_retries`;
    `wait_reset` repeats until the queue says that it is off, or does nothing any more, and waits until TAPQ says so.
    Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_irq_disable(), vfio_ap_wait_for_irqclear().
    """
    status = await queue.hw.aqic(None)
    tries = int(machine.variant("clear_retries"))
    while (machine.on("wait_reset") and status.rc not in (*OFF, *SILENT)) or (tries and status.rc in TRANSIENT):
        status = await queue.hw.aqic(None)
        tries = max(tries - 1, 0)
    if status.rc not in OFF:
        return status
    if machine.on("wait_reset"):
        await _wait_for_irqclear(queue)
    await free_records(machine, queue, found, guest)
    return status


async def _wait_for_irqclear(queue: Queue) -> None:
    while True:
        seen = await queue.hw.tapq(HOST)
        if seen.rc in SILENT or (seen.rc in (Rc.NORMAL, *TRANSIENT) and not seen.irq_enabled):
            return
