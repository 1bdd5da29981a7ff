"""PQAP(AQIC) intercepted: KVM's part, the hook, and the driver's handler, all run by the vCPU's thread.

Mirrors: arch/s390/kvm/priv.c: handle_pqap(); drivers/s390/crypto/vfio_ap_ops.c: handle_pqap() (5.3 to 6.12).
Left out: the checks of facilities and of the guest's own registers that end in an exception before the hook; in which
half of GR1 the status is (KVM's own 01, when there is no hook, is in the high one).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held, reading
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.aqic import NO_HOOK, Answer, Aqic
from aprt.vfio_ap.host.names import renamed
from aprt.vfio_ap.mainline.find_queue import find_queue, get_queue
from aprt.vfio_ap.mainline.irq import irq_disable, irq_enable
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev


async def handle_pqap(machine: Machine, guest: Guest, aqic: Aqic) -> Answer:
    """KVM's part: read the hook, and through it the handler's address, which lies in the mdev; call it.

    All under the rwsem (B4). Until 5.15 there was no lock: a reference of the module that the hook names was held
    during the call, and the hook read anew each time. Without a hook the guest is told 01. In 4.20 nobody handles it.
    """
    if not machine.on("aqic"):
        return NO_HOOK
    async with reading(guest.hook_rwsem, when=machine.on("B4")):
        hook = await guest.vm.read_hook()
        if hook is None:
            return Rc.Q_NOT_AVAIL
        await machine.mdev(hook).read_handler()
        rc = await handle_hook(machine, guest, aqic)
        if machine.on("hook_owner"):
            await _put_owner(machine, guest)
        return rc


@mirrors("module_put")
async def _put_owner(machine: Machine, guest: Guest) -> None:
    """The module is found through the VM's hook once more, and named by the mdev that this leads to."""
    hook = await guest.vm.read_hook()
    if hook is None:
        await guest.vm.null_dereference("pqap_hook")
    else:
        await machine.mdev(hook).read_handler()


@mirrors(renamed("pqap_hook->hook", B4="pqap_hook"))
async def handle_hook(machine: Machine, guest: Guest, aqic: Aqic) -> Answer:
    """The driver's part, under mdevs_lock (B6). The mdev is the one that the hook lies in, which is read again.

    A queue counts when it is assigned, even if the guest cannot see it. The test for a VM came with fix B2: before,
    irq_enable takes it for granted that the mdev has one. For a vCPU without AIV, as in a VM without a GISA, nothing is
    done, and QEMU gets the instruction.
    """
    if guest.gisa.rules.no_gisa or not aqic.aiv:
        return NO_HOOK
    tests = machine.on("dynamic_config") or machine.on("B2")
    async with held(machine.mdevs_lock, when=machine.on("B6")):
        hook = await guest.vm.read_hook()
        if hook is None:
            return Rc.Q_NOT_AVAIL
        mdev = machine.mdev(hook)
        if hook in machine.kvm_busy:
            await machine.kvm_busy[hook].wait()
        if tests and await mdev.read_kvm() is None:
            return Rc.Q_NOT_AVAIL
        found = await _find(machine, mdev, aqic)
        if found is None:
            return Rc.Q_NOT_AVAIL
        queue = machine.queues[aqic.apqn]
        if aqic.ir and not tests and await mdev.read_kvm() is None:
            await mdev.null_dereference("kvm")
        if aqic.ir:
            return await irq_enable(machine, guest, queue, found, aqic)
        return (await irq_disable(machine, queue, found)).rc


async def _find(machine: Machine, mdev: Mdev, aqic: Aqic) -> QueuePointer | None:
    if machine.on("handler_asks_bus"):
        return await find_queue(machine, aqic.apqn)
    return await get_queue(machine, mdev, aqic.apqn)
