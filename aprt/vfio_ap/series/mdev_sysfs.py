"""What an administrator writes: mdev create and remove, assign and unassign of adapters, domains, control domains.

Every operation returns 0 or a negative errno and, when it fails, has changed nothing.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_create(), vfio_ap_mdev_remove(), assign_adapter_store(),
unassign_adapter_store(), assign_domain_store(), unassign_domain_store(), assign_control_domain_store(),
unassign_control_domain_store() (5.0), with the buckets of the v4 series (its cover letter).
Left out: -EBUSY of mdev remove while the mdev has a VM. Removal waits here until the device is closed, which in the
kernel happens one layer further up, and a closed device has no VM. -ENOMEM of create.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.apqn import Apqn, QueueDimension, QueuePointer
from aprt.vfio_ap.ap.matrix import Dimension
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.names import by_mask, control_domain_store
from aprt.vfio_ap.host.sysfs import number_of
from aprt.vfio_ap.series.machine import Machine
from aprt.vfio_ap.series.matrix_dev import INSTANCES
from aprt.vfio_ap.series.mdev import Mdev
from aprt.vfio_ap.series.reset import reset_queues


@mirrors("vfio_ap_mdev_create")
async def create(machine: Machine, mdev: Mdev) -> int:
    """mdev create. -EEXIST: there is one of that UUID; -EPERM: no instance is left."""
    if len(await machine.matrix_dev.list_mdevs()) >= INSTANCES:
        return Errno.EPERM.failure
    if not await mdev.create():
        return Errno.EEXIST.failure
    async with held(machine.matrix_lock):
        await machine.matrix_dev.add_mdev(mdev.name)
    return 0


@mirrors("vfio_ap_mdev_remove")
async def remove(machine: Machine, mdev: Mdev) -> int:
    """mdev remove: waits until the device is closed, resets, gives the queues back, frees the mdev."""
    await mdev.wait_closed()
    async with held(machine.matrix_lock):
        await reset_queues(machine, await mdev.read_matrix())
        for found in await mdev.queues():
            await _move_out(machine, mdev, found)
        await machine.matrix_dev.drop_mdev(mdev.name)
    await mdev.free()
    return 0


@mirrors(by_mask("assign_{}_store"))
async def assign(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    """assign_adapter (apm) or assign_domain (aqm). Moves all queues it makes from the free list, or none.

    -EBUSY: the mdev has a VM; -EINVAL, -ERANGE: not a number; -ENODEV: above the machine's maximum;
    the value of the variant `assign_errno`: an APQN that would result is not on the free list.
    Variant `kvm_test_unlocked`: the -EBUSY test is made before the lock is taken, as 5.0 does.
    """
    number = await _number(machine, mdev, dimension, text)
    if number < 0:
        return number
    async with held(machine.matrix_lock):
        if await _busy(machine, mdev, locked=True):
            return Errno.EBUSY.failure
        matrix = await mdev.read_matrix()
        if matrix.has(dimension, number) and not machine.on("assign_twice"):
            return 0
        wanted = matrix.part(dimension, [number]).apqns()
        found = await machine.matrix_dev.find(wanted) if wanted else ()
        if len(found) < len(wanted) and not machine.on("assign_twice"):
            return Errno[machine.variant("assign_errno")].failure
        await mdev.set_bit(dimension, number)
        for apqn in wanted:
            await _move_in(machine, mdev, apqn)
    return 0


@mirrors(by_mask("unassign_{}_store"))
async def unassign(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    """unassign_adapter or unassign_domain: the queues go back to the free list. They are not reset.

    Errors as for `assign`, but a number that is not assigned is no error.
    """
    number = await _number(machine, mdev, dimension, text)
    if number < 0:
        return number
    async with held(machine.matrix_lock):
        if await _busy(machine, mdev, locked=True):
            return Errno.EBUSY.failure
        await mdev.clear_bit(dimension, number)
        for found in await mdev.queues():
            if found.apqn.number(dimension) == number:
                await _move_out(machine, mdev, found)
    return 0


@mirrors(control_domain_store)
async def assign_control_domain(machine: Machine, mdev: Mdev, text: str, assigned: bool = True) -> int:
    """assign_ or (not `assigned`) unassign_control_domain: only the mask changes. Errors as for `assign`."""
    number = await _number(machine, mdev, "adm", text)
    if number < 0:
        return number
    async with held(machine.matrix_lock):
        if await _busy(machine, mdev, locked=True):
            return Errno.EBUSY.failure
        await (mdev.set_bit if assigned else mdev.clear_bit)("adm", number)
    return 0


async def _number(machine: Machine, mdev: Mdev, dimension: Dimension, text: str) -> int:
    if await _busy(machine, mdev, locked=False):
        return Errno.EBUSY.failure
    return number_of(machine, dimension, text)


async def _busy(machine: Machine, mdev: Mdev, locked: bool) -> bool:
    if locked != (machine.variant("kvm_test") == "kvm_test_locked"):
        return False
    return await mdev.read_kvm() is not None


async def _move_in(machine: Machine, mdev: Mdev, apqn: Apqn) -> None:
    found = await machine.matrix_dev.take(apqn)
    if found is None:
        found = await mdev.find(apqn)
    if found is not None:
        await machine.queues[apqn].object.set_mdev(mdev.name)
        await mdev.link(found)


async def _move_out(machine: Machine, mdev: Mdev, found: QueuePointer) -> None:
    await machine.queues[found.apqn].object.set_mdev(None)
    await mdev.unlink(found.apqn)
    await machine.matrix_dev.give(found)
