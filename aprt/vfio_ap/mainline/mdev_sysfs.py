"""What an administrator does: mdev create and remove, assign and unassign of adapters, domains, control domains.

Every operation returns 0 or a negative errno and, when it fails, has changed nothing.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_probe(), vfio_ap_mdev_remove(), assign_adapter_store(),
unassign_adapter_store(), assign_domain_store(), unassign_domain_store(), assign_control_domain_store(),
unassign_control_domain_store(), vfio_ap_mdev_validate_masks(), vfio_ap_mdev_verify_no_sharing(),
vfio_ap_mdev_hot_unplug_adapters(), vfio_ap_mdev_hot_unplug_adapter(), vfio_ap_mdev_hot_unplug_domains(),
vfio_ap_mdev_hot_unplug_domain() (6.12); drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_create() (5.3 to 5.13).
Left out: the vfio core asks the user of a device again, every 10 s.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.apqn import QueueDimension, QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.names import by_mask, control_domain_store, renamed
from aprt.vfio_ap.host.sysfs import number_of
from aprt.vfio_ap.mainline.guest_config import filter_and_update, filter_cdoms, link_apqn, update_guest_apcb
from aprt.vfio_ap.mainline.locks import lock_for_mdev, unlock
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.reset import reset_qlist, reset_queues
from aprt.vfio_ap.mainline.vfio_events import request


@mirrors(renamed("vfio_ap_mdev_create", dev_set="vfio_ap_mdev_probe"))
async def create(machine: Machine, mdev: Mdev) -> int:
    """mdev create. -EEXIST: there is one of that UUID; -EUSERS: no instance is left.

    The device can be opened as soon as it is registered, since 6.0 before it is in the list; the attributes come last.
    """
    if not await mdev.create():
        return Errno.EEXIST.failure
    if not await machine.matrix_dev.has_room():
        await mdev.free()
        return Errno.EUSERS.failure
    if machine.on("dynamic_config"):
        await mdev.device.register()
        await _enlist(machine, mdev)
    else:
        await _enlist(machine, mdev)
        await mdev.device.register()
    await mdev.sysfs.create()
    return 0


async def _enlist(machine: Machine, mdev: Mdev) -> None:
    by_guests_lock = machine.on("dynamic_config") and machine.on("B20")
    async with held(machine.guests_lock if by_guests_lock else machine.mdevs_lock):
        await machine.matrix_dev.add_mdev(mdev.name)


@mirrors("vfio_ap_mdev_remove")
async def remove(machine: Machine, mdev: Mdev) -> int:
    """mdev remove: its attributes go, the last user is asked to close the device, and waited for.

    Then the queues are reset (not in 4.20) and let go, and the mdev is freed. Before fix B36 the driver refused with
    -EBUSY while the mdev had a VM; the device is gone all the same then, and what the driver keeps stays.
    """
    await mdev.sysfs.remove()
    if await mdev.device.unregister():
        await request(machine, mdev)
    await mdev.device.wait_unused()
    async with held(machine.guests_lock, when=machine.on("dynamic_config")), held(machine.mdevs_lock):
        if not machine.on("dynamic_config") and not machine.on("B36") and await mdev.read_kvm() is not None:
            return Errno.EBUSY.failure
        if machine.on("aqic"):
            await reset_queues(machine, mdev)
        matrix = await mdev.read_matrix()
        for found in await mdev.queues():
            if found.apqn in matrix:
                await machine.queues[found.apqn].object.set_mdev(found.generation, None)
        await machine.matrix_dev.drop_mdev(mdev.name)
    await mdev.free()
    return 0


@mirrors(by_mask("assign_{}_store"))
async def assign(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    """assign_adapter (apm) or assign_domain (aqm): the mdev gets the queues, and its guest those it may see.

    -EINVAL, -ERANGE: not a number; -ENODEV: above the machine's maximum; -EADDRNOTAVAIL: an APQN that would result
    is kept for the host's drivers; -EADDRINUSE: another mdev has it. Already assigned is no error (B16).
    """
    async with held(machine.perms_mutex, when=not machine.on("assign_without_perms")):
        guest = await lock_for_mdev(machine, mdev)
        result = await _assign(machine, mdev, dimension, text)
        await unlock(machine, guest)
        return result


async def _assign(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    number = number_of(machine, dimension, text)
    if number < 0:
        return number
    matrix = await mdev.read_matrix()
    if matrix.has(dimension, number) and machine.on("B16"):
        return 0
    wanted, new = matrix.with_bit(dimension, number), matrix.part(dimension, [number])
    await mdev.set_matrix(wanted)
    error = await validate(machine, mdev, wanted)
    if error:
        if not machine.on("assign_keeps_bit"):
            await mdev.set_matrix(wanted.without_bit(dimension, number))
        return error
    for apqn in new.apqns():
        await link_apqn(machine, mdev, apqn)
    await filter_and_update(machine, mdev, new)
    return 0


@mirrors("vfio_ap_mdev_validate_masks")
async def validate(machine: Machine, mdev: Mdev, wanted: Matrix) -> int:
    """-EADDRNOTAVAIL or -EADDRINUSE when somebody else has an APQN of `wanted`. Locks: guests_lock, perms_mutex."""
    for apqn in wanted.apqns():
        if await machine.bus.is_reserved(apqn):
            return Errno.EADDRNOTAVAIL.failure
    return Errno.EADDRINUSE.failure if await used_by_another(machine, mdev, wanted) else 0


@mirrors("vfio_ap_mdev_verify_no_sharing")
async def used_by_another(machine: Machine, mdev: Mdev, wanted: Matrix) -> bool:
    """Whether another mdev has an APQN of `wanted`. Locks: guests_lock, before 6.0 the one lock."""
    for name in await machine.matrix_dev.list_mdevs():
        if name != mdev.name and (await machine.mdev(name).read_matrix()).intersection(wanted).apqns():
            return True
    return False


@mirrors(by_mask("unassign_{}_store"))
async def unassign(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    """unassign_adapter or unassign_domain: the guest loses them, the queues it could see are reset.

    Errors as for `assign`, but a number that is not assigned is no error.
    """
    guest = await lock_for_mdev(machine, mdev)
    result = await _unassign(machine, mdev, dimension, text)
    await unlock(machine, guest)
    return result


async def _unassign(machine: Machine, mdev: Mdev, dimension: QueueDimension, text: str) -> int:
    number = number_of(machine, dimension, text)
    if number < 0:
        return number
    matrix = await mdev.read_matrix()
    if not matrix.has(dimension, number):
        return 0
    await mdev.set_matrix(matrix.without_bit(dimension, number))
    await _hot_unplug_one(machine, mdev, matrix, dimension, number)
    return 0


@mirrors(by_mask("vfio_ap_mdev_hot_unplug_{}"))
async def _hot_unplug_one(machine: Machine, mdev: Mdev, matrix: Matrix, dimension: QueueDimension, number: int) -> None:
    await _hot_unplug(machine, mdev, matrix, dimension, (number,))


@mirrors(by_mask("vfio_ap_mdev_hot_unplug_{}s"))
async def hot_unplug(
    machine: Machine, mdev: Mdev, matrix: Matrix, dimension: QueueDimension, numbers: tuple[int, ...]
) -> None:
    """Take the queues with these numbers from the mdev, and the numbers from its guest first.

    matrix: what the mdev had until now. Locks: those of `lock_for_mdev`.

    The queues that the guest could see are reset, and no longer point to the mdev; nothing more is done about others.
    Before that (B33) no queue was reset, and none pointed to the mdev any more.
    """
    await _hot_unplug(machine, mdev, matrix, dimension, numbers)


async def _hot_unplug(
    machine: Machine, mdev: Mdev, matrix: Matrix, dimension: QueueDimension, numbers: tuple[int, ...]
) -> None:
    shadow = await mdev.read_shadow()
    let_go: tuple[QueuePointer, ...] = ()
    for apqn in matrix.part(dimension, numbers).apqns():
        found = await mdev.find(apqn)
        if found is not None:
            if machine.on("B34"):
                await mdev.hash_del(found)
            let_go += (found,) if apqn in shadow or not machine.on("B33") else ()
    left = shadow.difference(Matrix.of(**{dimension: numbers}))
    if left != shadow:
        await mdev.set_shadow(left)
        await update_guest_apcb(machine, mdev)
    if machine.on("B33"):
        await reset_qlist(machine, let_go)
    for found in let_go:
        await machine.queues[found.apqn].object.set_mdev(found.generation, None)


@mirrors(control_domain_store)
async def assign_control_domain(machine: Machine, mdev: Mdev, text: str, assigned: bool = True) -> int:
    """assign_ or (not `assigned`) unassign_control_domain. -EINVAL, -ERANGE, -ENODEV as for `assign`."""
    guest = await lock_for_mdev(machine, mdev)
    result = await _assign_control_domain(machine, mdev, text, assigned)
    await unlock(machine, guest)
    return result


async def _assign_control_domain(machine: Machine, mdev: Mdev, text: str, assigned: bool) -> int:
    number = number_of(machine, "adm", text)
    if number < 0:
        return number
    matrix, shadow = await mdev.read_matrix(), await mdev.read_shadow()
    if matrix.has("adm", number) == assigned:
        return 0
    if assigned:
        await mdev.set_matrix(matrix.with_bit("adm", number))
        if await filter_cdoms(machine, mdev):
            await update_guest_apcb(machine, mdev)
        return 0
    await mdev.set_matrix(matrix.without_bit("adm", number))
    if shadow.has("adm", number):
        await mdev.set_shadow(shadow.without_bit("adm", number))
        await update_guest_apcb(machine, mdev)
    return 0
