"""PQAP(AQIC) intercepted: KVM's part, the hook, and the driver's handler, all run by the vCPU's thread.

Mirrors: arch/s390/kvm/priv.c: handle_pqap(); drivers/s390/crypto/vfio_ap_ops.c: handle_pqap() (6.12).
Left out: the checks of facilities and of the guest's own registers that end in an exception before the hook.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held, reading
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.aqic import Answer, Aqic
from aprt.vfio_ap.mainline.irq import irq_disable, irq_enable
from aprt.vfio_ap.mainline.machine import Guest, Machine


async def handle_pqap(machine: Machine, guest: Guest, aqic: Aqic) -> Answer:
    """KVM's part: read the hook, and through it the handler's address, which lies in the mdev; call it.

    All under the rwsem (B4). Without a hook the guest is told 01.
    """
    async with reading(guest.hook_rwsem, when=machine.on("B4")):
        hook = await guest.vm.read_hook()
        if hook is None:
            return Rc.Q_NOT_AVAIL
        await machine.mdev(hook).read_handler()
        return await handle_hook(machine, guest, aqic)


@mirrors("pqap_hook->hook")
async def handle_hook(machine: Machine, guest: Guest, aqic: Aqic) -> Rc:
    """The driver's part, under mdevs_lock (B6). The mdev is the one that the hook lies in, which is read again.

    A queue counts when it is assigned, even if the guest cannot see it.
    """
    async with held(machine.mdevs_lock, when=machine.on("B6")):
        hook = await guest.vm.read_hook()
        mdev = None if hook is None else machine.mdev(hook)
        if mdev is None or await mdev.read_kvm() is None:
            return Rc.Q_NOT_AVAIL
        found = await mdev.find(aqic.apqn)
        if found is None:
            return Rc.Q_NOT_AVAIL
        queue = machine.queues[aqic.apqn]
        if aqic.ir:
            return await irq_enable(machine, guest, queue, found, aqic)
        return (await irq_disable(machine, queue, found)).rc
