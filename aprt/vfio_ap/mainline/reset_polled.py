"""Resets before 6.6: the caller itself polls for the end, and at some point gives up.

Up to 6.2 a ZAPQ that met somebody else's reset was tried once more, and then the bits E and I were looked at two
times, whatever the response code beside them. Since 6.3 (B14) the response code counts, somebody else's reset is
waited for and ZAPQ issued again; but a wait ends after 200 ms. Either way what the queue owns is given back then.
Before 5.11 (B35) only E was looked at, and nothing given back: that was left to the disabling that followed.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_reset_queue() (5.3, 6.1, 6.3);
drivers/s390/crypto/vfio_ap_ops.c: apq_reset_check(), apq_status_check() (6.3).
Left out: other warnings; the 20 ms between two tries, as virtual time has none.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.ap.response import SILENT, TRANSIENT, Errno, Rc, Status
from aprt.vfio_ap.mainline.irq import free_aqic_resources
from aprt.vfio_ap.mainline.machine import Machine, Queue

POLLS = 10  # 200 ms of 20 ms each


@mirrors(None)
async def reset_and_poll(machine: Machine, queue: Queue, found: QueuePointer) -> int:
    """Reset one queue and wait, not for ever: 0, -EBUSY or -EIO. Locks: mdevs_lock held."""
    if machine.on("B14"):
        return await _reset_until_over(machine, queue, found)
    return await _reset_retried_once(machine, queue, found)


@mirrors("vfio_ap_mdev_reset_queue")
async def _reset_until_over(machine: Machine, queue: Queue, found: QueuePointer) -> int:
    """6.3. An answer other than 00, 02 and 03 ends it with nothing given back."""
    result = 0
    status = await _zapq(queue, found)
    while status.rc is Rc.RESET_IN_PROGRESS and not result:
        result = await _apq_reset_check(queue.hw)
        if not result:
            status = await _zapq(queue, found)
    if status.rc not in (Rc.NORMAL, Rc.RESET_IN_PROGRESS, Rc.DECONFIGURED):
        return Errno.EIO.failure
    if status.rc is Rc.NORMAL and not _looks_reset(status):
        result = await _apq_reset_check(queue.hw)
    await free_aqic_resources(machine, queue, found, after_reset=True)
    return result


@mirrors("apq_reset_check")
async def _apq_reset_check(hw: ApQueue) -> int:
    """Poll for the end of a reset, whosever it is: 0, -EBUSY when it takes too long, -EIO for an unexpected answer."""
    for _ in range(POLLS):
        seen = await hw.tapq(HOST)
        if seen.rc is Rc.DECONFIGURED:
            return 0
        if seen.rc not in (Rc.NORMAL, Rc.RESET_IN_PROGRESS):
            return Errno.EIO.failure
        if _looks_reset(seen):
            return 0
    return Errno.EBUSY.failure


@mirrors("vfio_ap_mdev_reset_queue")
async def _reset_retried_once(machine: Machine, queue: Queue, found: QueuePointer) -> int:
    """5.12 to 6.2. An answer other than 00 to 04 ends it with nothing given back."""
    status, tries = await _zapq(queue, found), 1
    if status.rc is Rc.RESET_IN_PROGRESS:
        status, tries = await _zapq(queue, found), 0
    if status.rc not in (Rc.NORMAL, Rc.RESET_IN_PROGRESS, *SILENT):
        return Errno.EIO.failure
    result = 0 if status.rc is Rc.NORMAL else Errno.EBUSY.failure
    if status.rc not in SILENT:
        looks = 2
        while not _looks_reset(status) and looks:
            status, looks = await queue.hw.tapq(HOST), looks - 1
        await _waited(machine, queue, _looks_reset(status), looks, tries)
    await free_aqic_resources(machine, queue, found, after_reset=True)
    return result


@mirrors("vfio_ap_mdev_reset_queue")
async def zapq_and_look(machine: Machine, queue: Queue) -> int:
    """5.3: 0, -EBUSY or -EIO. Nothing is given back. 4.20 does not look."""
    for tries in (1, 0):
        status = await queue.hw.reset("ZAPQ", HOST)
        if status.rc is Rc.NORMAL:
            if machine.on("aqic"):
                await _wait_until_empty(machine, queue, status, tries)
            return 0
        if status.rc not in TRANSIENT:
            return Errno.EIO.failure
    return Errno.EBUSY.failure


async def _wait_until_empty(machine: Machine, queue: Queue, status: Status, tries: int) -> None:
    looks = 2
    while not status.empty and looks:
        status, looks = await queue.hw.tapq(HOST), looks - 1
    await _waited(machine, queue, status.empty, looks, tries)


async def _waited(machine: Machine, queue: Queue, over: bool, looks: int, tries: int) -> None:
    """The kernel warns when no look is left. Up to 5.3 (B52) it warned when no other try of ZAPQ was left."""
    await machine.matrix_dev.waited_for_reset(queue.apqn, over, not (looks if machine.on("B52") else tries))


async def _zapq(queue: Queue, found: QueuePointer) -> Status:
    status = await queue.hw.reset("ZAPQ", HOST)
    await queue.object.set_reset_status(found.generation, status.rc)
    return status


def _looks_reset(status: Status) -> bool:
    return status.empty and not status.irq_enabled
