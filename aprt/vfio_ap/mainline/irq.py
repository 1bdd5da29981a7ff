"""The interrupt of a queue: switched on for a guest, switched off, and what it owns given back.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_irq_enable(), vfio_ap_irq_disable(), vfio_ap_wait_for_irqclear(),
vfio_ap_free_aqic_resources(), vfio_ap_validate_nib() (6.12).
Left out: the 20 ms between two tries, as virtual time has none; warnings; the test that the NIB lies in a memory slot
(where it does not, it cannot be pinned, and the answer is 06 as well); the NIB of a protected guest, which has to be
shared.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.queue_state import HOST, Target
from aprt.vfio_ap.ap.response import OFF, TRANSIENT, Rc, Status
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.kvm.gisc import gisc_register, gisc_unregister
from aprt.vfio_ap.mainline.machine import Guest, Machine, Queue
from aprt.vfio_ap.mainline.vfio_ap_queue import SavedIova, SavedIsc

IRQCLEAR_TRIES = 5
DISABLE_TRIES = 6


@mirrors("vfio_ap_free_aqic_resources")
async def free_aqic_resources(
    machine: Machine, queue: Queue, found: QueuePointer, after_reset: bool = False, without_isc: bool = True
) -> None:
    """Give back the registration and the pin. Locks: mdevs_lock held, by the caller or by who waits for its work item.

    Pin and registration are those of the mdev that the queue has now. Without an mdev the kernel warns. Without a VM
    there is nobody to unregister with; before fix B18 the ISC stayed on record then. The address 0 says that nothing is
    pinned. Before 5.11 (B35) a VM was taken for granted where there is an mdev. after_reset: the caller has concluded
    that a reset of the queue is over (property P12). without_isc: give the pin back even if no ISC is on record.
    """
    isc, iova = await queue.object.records(found.generation)
    if isc is None and (iova is None or not without_isc):
        return
    name = await queue.object.read_mdev(found.generation)
    mdev = None if name is None else machine.mdev(name)
    if isc is not None:
        vm = None if mdev is None else await mdev.read_kvm()
        if mdev is not None and vm is None and not machine.on("B35"):
            await mdev.null_dereference("kvm")
        if vm is not None:
            await gisc_unregister(machine.guest(vm).gisa, isc.isc)
        if vm is not None or machine.on("B18"):
            await queue.object.forget_isc(found.generation, vm is not None, after_reset)
    if iova is not None and iova.iova and mdev is not None:
        await machine.container(mdev).unpin(iova.iova)
        await queue.object.forget_iova(found.generation, after_reset)


@mirrors("vfio_ap_wait_for_irqclear")
async def wait_for_irqclear(machine: Machine, hw: ApQueue) -> None:
    """Poll until the interrupt is off, at most five times; any other answer than 00, 02, 05 ends it with a warning."""
    for _ in range(IRQCLEAR_TRIES + machine.on("one_try_more")):
        seen = await hw.tapq(HOST)
        if seen.rc in (Rc.NORMAL, Rc.RESET_IN_PROGRESS) and not seen.irq_enabled:
            return
        if seen.rc not in (Rc.NORMAL, Rc.RESET_IN_PROGRESS, Rc.BUSY):
            return


@mirrors("vfio_ap_irq_disable")
async def irq_disable(machine: Machine, queue: Queue, found: QueuePointer) -> Status:
    """AQIC(disable), at most six tries, then give back what the queue owns, whatever the answer was. The last answer.

    Before 6.0 the queue then belongs to no mdev, until its guest's next AQIC.
    Locks: mdevs_lock held.
    """
    for _ in range(DISABLE_TRIES + machine.on("one_try_more")):
        status = await queue.hw.aqic(None)
        if status.rc in OFF:
            await wait_for_irqclear(machine, queue.hw)
        if status.rc not in TRANSIENT:
            break
    await free_aqic_resources(machine, queue, found)
    if not machine.on("dynamic_config"):
        await queue.object.set_mdev(found.generation, None)
    return status


@mirrors("vfio_ap_irq_enable")
async def irq_enable(machine: Machine, guest: Guest, queue: Queue, found: QueuePointer, aqic: Aqic) -> Rc:
    """Pin the NIB, register the GISC, AQIC; then give back what an older enable left, and record the new.

    The guest may have reset the queue unseen, so an old pair of pin and registration may be on record. It is given back
    only after the new one is accepted; before fix B5 it was overwritten.

    A refusal by 07 gives the new pair back. Any other refusal only disables: what is on record is given back, and the
    new pair, which is on no record, is lost. The variant `refused_undoes`, which no kernel has, gives it back as well.

    Before fix B37 the pin is lost when the registration fails. Before 5.18 a failed registration is not even noticed,
    and the error goes to the queue as its ISC. Locks: mdevs_lock held.
    """
    if not aqic.nib and machine.on("B38"):
        return Rc.INVALID_ADDRESS
    if not await guest.memory.pin(aqic.nib):
        return Rc.INVALID_ADDRESS
    nisc = await gisc_register(guest.gisa, aqic.isc)
    if nisc < 0 and machine.on("B37"):
        await guest.memory.unpin(aqic.nib)
        return Rc.INVALID_ADDRESS
    if nisc < 0 and machine.on("gisc_checked"):
        return Rc.INVALID_GISA
    gisa = await guest.gisa.interrupt.designation()
    status = await queue.hw.aqic(Target(guest.name, aqic.nib, gisa, aqic.isc, nisc))
    if status.rc is Rc.NORMAL:
        if machine.on("B5"):
            await free_aqic_resources(machine, queue, found)
        await queue.object.record(found.generation, SavedIsc(guest.name, aqic.isc), SavedIova(guest.name, aqic.nib))
        return status.rc
    if status.rc is Rc.OTHERWISE_CHANGED or machine.variant("refused_enable") == "refused_undoes":
        await gisc_unregister(guest.gisa, aqic.isc)
        await guest.memory.unpin(aqic.nib)
    if status.rc is not Rc.OTHERWISE_CHANGED:
        await irq_disable(machine, queue, found)
    return status.rc
