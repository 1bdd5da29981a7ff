"""What of an mdev's matrix its guest gets to see: the filter, and the update of the guest's APCB.

No mask can name a single queue, so a queue that the guest must not see costs it the whole adapter.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_filter_matrix(), vfio_ap_mdev_filter_cdoms(),
vfio_ap_mdev_update_guest_apcb(), reset_queues_for_apid(), reset_queues_for_apids(), vfio_ap_mdev_link_queue(),
vfio_ap_mdev_link_apqn(), vfio_ap_unlink_apqn_fr_mdev(), _queue_passable() (6.12).
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.names import renamed
from aprt.vfio_ap.mainline.find_queue import find_queue
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.reset import reset_qlist

_PASSABLE = frozenset({Rc.NORMAL, Rc.DECONFIGURED, Rc.CHECKSTOPPED})

Apids: TypeAlias = tuple[int, ...]
NO_APIDS: Apids = ()


@mirrors("vfio_ap_mdev_filter_matrix")
async def filter_matrix(machine: Machine, mdev: Mdev, only: Matrix | None = None) -> tuple[bool, Apids]:
    """Make the shadow what the guest may see: the matrix within the host's, less adapters with a queue it may not.

    Whether the shadow changed, and the adapters that the guest had and loses. only: before fix B29 just the APQNs
    of this part of the matrix were looked at. Locks: mdevs_lock held.
    """
    matrix, info, old = await mdev.read_matrix(), await machine.matrix_dev.read_info(), await mdev.read_shadow()
    shadow = attrs.evolve(matrix.intersection(info), adm=old.adm)
    lost = NO_APIDS
    looked_at = shadow if machine.on("B30") else matrix
    if only is not None and not machine.on("B29"):
        looked_at = looked_at.intersection(only)
    for apid in sorted(looked_at.apm):
        for apqi in sorted(looked_at.aqm):
            if not await _queue_passable(machine, mdev, Apqn(apid, apqi)):
                shadow = shadow.without_bit("apm", apid)
                lost += (apid,) if apid in old.apm else ()
                break
    await mdev.set_shadow(shadow)
    return shadow != old, lost


@mirrors("vfio_ap_mdev_filter_cdoms")
async def filter_cdoms(machine: Machine, mdev: Mdev) -> bool:
    """The same for control domains. Whether the shadow changed. Locks: mdevs_lock held."""
    matrix, info, old = await mdev.read_matrix(), await machine.matrix_dev.read_info(), await mdev.read_shadow()
    shadow = attrs.evolve(old, adm=matrix.intersection(info).adm)
    await mdev.set_shadow(shadow)
    return shadow != old


@mirrors(renamed("kvm_arch_crypto_set_masks", dynamic_config="vfio_ap_mdev_update_guest_apcb"))
async def update_guest_apcb(machine: Machine, mdev: Mdev) -> None:
    """Give the guest, if there is one, what the shadow says, before 6.0 the matrix.

    Locks: mdevs_lock held, and kvm->lock of the guest.
    """
    vm = await mdev.read_kvm()
    if vm is not None:
        dynamic = machine.on("dynamic_config")
        await machine.guest(vm).crycb.set_masks(await (mdev.read_shadow() if dynamic else mdev.read_matrix()))
        if machine.on("cfg_chg_event"):
            await mdev.signal_cfg_chg()


@mirrors("reset_queues_for_apid")
async def reset_adapter(machine: Machine, mdev: Mdev, apid: int) -> None:
    """Reset the queues of an adapter that are in the domains of the shadow, and wait. Locks: mdevs_lock held."""
    await _reset_adapters(machine, mdev, (apid,))


@mirrors("reset_queues_for_apids")
async def reset_adapters(machine: Machine, mdev: Mdev, apids: Apids) -> None:
    """The same for several adapters, or none."""
    if apids:
        await _reset_adapters(machine, mdev, apids)


async def _reset_adapters(machine: Machine, mdev: Mdev, apids: Apids) -> None:
    aqm = (await mdev.read_shadow()).aqm
    lost = tuple(found for found in await mdev.queues() if found.apqn.apid in apids and found.apqn.apqi in aqm)
    await reset_qlist(machine, lost)


@mirrors(None)
async def reset_filtered(machine: Machine, mdev: Mdev, apids: Apids) -> None:
    """The same for adapters that the filter has taken from a guest (B28)."""
    if machine.on("B28"):
        await reset_adapters(machine, mdev, apids)


@mirrors(None)
async def filter_and_update(machine: Machine, mdev: Mdev, only: Matrix | None = None) -> None:
    """Filter, and when that changed something update the guest and reset what it lost. Locks as for the update."""
    changed, lost = await filter_matrix(machine, mdev, only)
    if changed:
        await update_guest_apcb(machine, mdev)
        await reset_filtered(machine, mdev, lost)


@mirrors("vfio_ap_mdev_link_queue")
async def link_queue(machine: Machine, mdev: Mdev, found: QueuePointer) -> None:
    """Put a queue into the table of an mdev; nothing when the table has its APQN (B16, here since 6.10).

    Locks: mdevs_lock held.
    """
    if machine.on("B16") and await mdev.find(found.apqn) is not None:
        return
    await machine.queues[found.apqn].object.set_mdev(found.generation, mdev.name)
    await mdev.hash_add(found)


@mirrors("vfio_ap_mdev_link_apqn")
async def link_apqn(machine: Machine, mdev: Mdev, apqn: Apqn) -> None:
    """The same for a queue that has to be looked up: one whose device is bound to this driver. Locks: mdevs_lock."""
    found = await find_queue(machine, apqn)
    if found is not None:
        await link_queue(machine, mdev, found)


@mirrors("_queue_passable")
async def _queue_passable(machine: Machine, mdev: Mdev, apqn: Apqn) -> bool:
    """Whether the guest may see a queue: it is bound, and its last reset is no reason against it."""
    found = await mdev.find(apqn)
    if found is None:
        return False
    return passable(machine, await machine.queues[apqn].object.reset_status(found.generation))


def passable(machine: Machine, rc: Rc) -> bool:
    """Whether a queue whose last ZAPQ left `rc` on record may be seen.

    Before 6.6 (B15) 03 and 04 spoke against it. Until 6.9 04 did, and instead of 03 there is 00 on record.
    """
    return rc in _PASSABLE if machine.on("B15") and machine.on("checkstop_ends") else rc is Rc.NORMAL
