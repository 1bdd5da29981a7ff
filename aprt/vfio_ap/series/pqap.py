"""PQAP(AQIC) intercepted: KVM's part, the hook, and the driver's handler, all run by the vCPU's thread.

Mirrors: arch/s390/kvm/priv.c: handle_pqap(); drivers/s390/crypto/vfio_ap_ops.c: handle_pqap(),
vfio_ap_irq_enable(), vfio_ap_irq_disable(), as the v4 series has them (cover letter, patches 1 and 5).
Left out: the checks of facilities and of the guest's own registers that end in an exception before the hook.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held, reading
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.queue_state import Target
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.aqic import NO_HOOK, Answer, Aqic
from aprt.vfio_ap.kvm.gisc import gisc_register, gisc_unregister
from aprt.vfio_ap.series.cleanup import disable, free_records
from aprt.vfio_ap.series.machine import Guest, Machine, Queue
from aprt.vfio_ap.series.mdev import Mdev
from aprt.vfio_ap.series.vfio_ap_queue import Saved


async def handle_pqap(machine: Machine, guest: Guest, aqic: Aqic) -> Answer:
    """KVM's part: read the hook and call it. Lock: with the measure hook_lock both under it, for reading."""
    async with reading(guest.hook_lock, when=machine.on("hook_lock")):
        hook = await guest.vm.read_hook()
        if hook is None:
            return NO_HOOK
        if machine.variant("module_owner") == "hook_owner":
            return await _with_owner(machine, guest, machine.mdev(hook), aqic)
        return await handle_hook(machine, guest, machine.mdev(hook), aqic)


async def _with_owner(machine: Machine, guest: Guest, mdev: Mdev, aqic: Aqic) -> Answer:
    if not await machine.module.try_get():
        return NO_HOOK
    answer = await handle_hook(machine, guest, mdev, aqic)
    await machine.module.put()
    return answer


@mirrors("pqap_hook->hook")
async def handle_hook(machine: Machine, guest: Guest, mdev: Mdev, aqic: Aqic) -> Rc:
    """The driver's part, under the matrix lock (variant handler_locked)."""
    await machine.module.run()
    locked = machine.variant("handler_lock") == "handler_locked" or machine.on("one_mutex")
    async with held(machine.matrix_lock, when=locked):
        found = await mdev.find(aqic.apqn)
        if found is None:
            return Rc.Q_NOT_AVAIL
        queue = machine.queues[aqic.apqn]
        if aqic.ir:
            return await irq_enable(machine, guest, queue, found, aqic)
        return (await disable(machine, queue, found, guest)).rc


@mirrors("vfio_ap_irq_enable")
async def irq_enable(machine: Machine, guest: Guest, queue: Queue, found: QueuePointer, aqic: Aqic) -> Rc:
    """Pin the NIB, register the GISC, AQIC; then release what an older enable left, and record the new.

    The guest may have reset the queue unseen, so an old pair may be on record although the interrupt is off: it is
    released only after the new one is accepted. Variant `naive_reenable` overwrites the record instead.

    07 gives the new pair back. Any other refusal, as found in 5.10, only disables: what is on record is released,
    and the new pair, which is on no record, is lost. Variant `refused_undoes` gives it back as well.
    """
    if not aqic.nib or not await guest.memory.pin(aqic.nib):
        return Rc.INVALID_ADDRESS
    nisc = await gisc_register(guest.gisa, aqic.isc)
    gisa = await guest.gisa.interrupt.designation()
    status = await queue.hw.aqic(Target(guest.name, aqic.nib, gisa, aqic.isc, nisc))
    if status.rc is Rc.NORMAL:
        if machine.variant("reenable") == "new_before_old":
            await free_records(machine, queue, found, guest)
        await queue.object.record(found.generation, Saved(guest.name, aqic.isc, aqic.nib))
        return status.rc
    if status.rc is Rc.OTHERWISE_CHANGED or machine.variant("refused_enable") == "refused_undoes":
        await gisc_unregister(guest.gisa, aqic.isc)
        await guest.memory.unpin(aqic.nib)
    if status.rc is not Rc.OTHERWISE_CHANGED:
        await disable(machine, queue, found, guest)
    return status.rc
