"""Before 6.0: what a guest has is fixed while it runs; queues come and go without its mdev being asked.

Mirrors: drivers/s390/crypto/vfio_ap_drv.c: vfio_ap_queue_dev_probe(), vfio_ap_queue_dev_remove();
drivers/s390/crypto/vfio_ap_ops.c: assign_adapter_store(), unassign_adapter_store(), assign_domain_store(),
unassign_domain_store(), assign_control_domain_store(), unassign_control_domain_store(),
vfio_ap_verify_queue_reserved(), vfio_ap_mdev_verify_no_sharing() (5.3 to 5.15).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.core.effects import choose
from aprt.kernel.held import held
from aprt.vfio_ap.ap.apqn import QueueDimension, QueuePointer
from aprt.vfio_ap.ap.matrix import Dimension, Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.names import by_mask
from aprt.vfio_ap.host.sysfs import number_of
from aprt.vfio_ap.mainline.irq import irq_disable
from aprt.vfio_ap.mainline.machine import Machine, Queue
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.mdev_sysfs import used_by_another
from aprt.vfio_ap.mainline.reset import reset_and_wait
from aprt.vfio_ap.mainline.reset_polled import zapq_and_look


@mirrors("vfio_ap_queue_dev_probe")
async def probe_queue(machine: Machine, queue: Queue) -> int:
    """A queue device gets this driver: 0 or -ENOMEM. No lock, and no mdev learns of it. In 4.20 there is no object."""
    if not machine.on("aqic"):
        return 0
    if machine.on("probe_enomem") and await choose("alloc", "ok", "fails") == "fails":
        return Errno.ENOMEM.failure
    await machine.bus.set_drvdata(queue.apqn, await queue.object.alloc())
    return 0


@mirrors("vfio_ap_queue_dev_remove")
async def remove_queue(machine: Machine, queue: Queue) -> None:
    """The driver lets a queue device go: reset, interrupt off, object freed. The guest keeps its access."""
    if not machine.on("aqic"):
        return
    async with held(machine.mdevs_lock):
        generation = await machine.bus.get_drvdata(queue.apqn)
        if generation is None:
            return
        found = QueuePointer(queue.apqn, generation)
        if machine.on("B35"):
            await reset_and_wait(machine, found)
            await machine.bus.set_drvdata(queue.apqn, None)
        else:
            await machine.bus.set_drvdata(queue.apqn, None)
            await zapq_and_look(machine, queue)
            await irq_disable(machine, queue, found)
        await queue.object.free()


async def store(machine: Machine, mdev: Mdev, attribute: str, text: str) -> int:
    """What a write to an attribute of the mdev does: 0 or a negative errno; -ENODEV: there is no such attribute."""
    match attribute:
        case "assign_adapter":
            return await machine.ops.assign(machine, mdev, "apm", text)
        case "assign_domain":
            return await machine.ops.assign(machine, mdev, "aqm", text)
        case "assign_control_domain":
            return await assign_control_domain(machine, mdev, text)
        case "unassign_adapter":
            return await machine.ops.unassign(machine, mdev, "apm", text)
        case "unassign_domain":
            return await machine.ops.unassign(machine, mdev, "aqm", text)
        case "unassign_control_domain":
            return await unassign(machine, mdev, "adm", text)
        case _:
            return Errno.ENODEV.failure


@mirrors(by_mask("assign_{}_store"))
async def assign(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    """assign_adapter (apm) or assign_domain (aqm): the mask changes, nothing else.

    -EBUSY: the mdev has a VM; -EINVAL, -ERANGE: not a number; -ENODEV: above the machine's maximum; -EADDRNOTAVAIL: an
    APQN that would result is not bound to this driver, or, when none would, no queue with that number is;
    -EADDRINUSE: another mdev has it.
    """
    return await _change(machine, mdev, dimension, text, assigned=True)


@mirrors(by_mask("unassign_{}_store"))
async def unassign(machine: Machine, mdev: Mdev, dimension: Dimension, text: str) -> int:
    """unassign_adapter, unassign_domain or unassign_control_domain: only the mask changes, no queue is reset."""
    return await _change(machine, mdev, dimension, text, assigned=False)


@mirrors("assign_control_domain_store")
async def assign_control_domain(machine: Machine, mdev: Mdev, text: str) -> int:
    """assign_control_domain: only the mask changes."""
    return await _change(machine, mdev, "adm", text, assigned=True)


async def _change(machine: Machine, mdev: Mdev, dimension: Dimension, text: str, assigned: bool) -> int:
    number = await _number(machine, mdev, dimension, text)
    if number < 0:
        return number
    async with held(machine.mdevs_lock):
        if await _busy(machine, mdev, locked=True):
            return Errno.EBUSY.failure
        matrix = await mdev.read_matrix()
        if assigned and dimension != "adm":
            error = await _refusal(machine, mdev, matrix.part(dimension, [number]), dimension, number)
            if error:
                return error
        changed = matrix.with_bit(dimension, number) if assigned else matrix.without_bit(dimension, number)
        await mdev.set_matrix(changed)
    return 0


async def _refusal(machine: Machine, mdev: Mdev, new: Matrix, dimension: QueueDimension, number: int) -> int:
    """new: what would be assigned. -EADDRNOTAVAIL, -EADDRINUSE; 0: it may be."""
    if not await _bound(machine, new, dimension, number):
        return Errno.EADDRNOTAVAIL.failure
    return Errno.EADDRINUSE.failure if await used_by_another(machine, mdev, new) else 0


async def _number(machine: Machine, mdev: Mdev, dimension: Dimension, text: str) -> int:
    if await _busy(machine, mdev, locked=False):
        return Errno.EBUSY.failure
    return number_of(machine, dimension, text)


async def _busy(machine: Machine, mdev: Mdev, locked: bool) -> bool:
    """Whether the mdev has a VM: looked at before the lock is taken, since 5.13 (B2) under it, as is the flag."""
    if machine.on("B2") != locked:
        return False
    busy = machine.kvm_busy.get(mdev.name)
    return (busy is not None and not await busy.flag.is_clear()) or await mdev.read_kvm() is not None


async def _bound(machine: Machine, new: Matrix, dimension: QueueDimension, number: int) -> bool:
    """Whether the driver has all of these queues; of none, whether it has any queue with that number."""
    wanted = new.apqns()
    if wanted:
        return all([await machine.bus.driver_of(apqn) == "vfio_ap" for apqn in wanted])
    numbered = (apqn for apqn in sorted(machine.queues) if apqn.number(dimension) == number)
    return any([await machine.bus.driver_of(apqn) == "vfio_ap" for apqn in numbered])
