"""Resets by the host: ZAPQ, and what counts as its end.

Since 6.6 (B15) a work item of each queue polls until the reset is over, without limit, and whoever started it flushes
that work; all queues of an mdev are reset at the same time. Before that the caller polled (`reset_polled`).

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_reset_queue(), apq_reset_check(), apq_status_check(),
vfio_ap_mdev_reset_queues(), vfio_ap_mdev_reset_qlist() (6.12);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_irq_disable_apqn() (5.3).
Left out: the 20 ms before each look, as virtual time has none; warnings.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.ap.response import TRANSIENT, Errno, Rc
from aprt.vfio_ap.host.names import renamed
from aprt.vfio_ap.mainline.find_queue import queues_of, walk_devices
from aprt.vfio_ap.mainline.irq import free_aqic_resources, irq_disable
from aprt.vfio_ap.mainline.machine import Machine, Queue
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.reset_polled import reset_and_poll, zapq_and_look

_SILENT = frozenset({Rc.DECONFIGURED, Rc.CHECKSTOPPED})
_SOMEBODY_ELSES = TRANSIENT | {Rc.STATE_CHANGE_IN_PROGRESS}
_RUNS = _SOMEBODY_ELSES | {Rc.NORMAL}
_ASYNC_ERRORS = frozenset({Rc.ASSOC_SECRET_NOT_UNIQUE, Rc.ASSOC_FAILED})


@mirrors("vfio_ap_mdev_reset_queue")
async def reset_queue(machine: Machine, queue: Queue, found: QueuePointer) -> None:
    """Start a reset; its end has to be waited for. Locks: mdevs_lock held.

    A queue that is off is taken to be silent, and so is one that is broken, since 6.9, or gone, since B18: what it owns
    is given back at once. After any other answer the kernel warns, and nothing is done.
    """
    status = await queue.hw.reset("ZAPQ", HOST)
    await queue.object.set_reset_status(found.generation, _recorded(machine, status.rc))
    if status.rc in _RUNS:
        await queue.reset_work.queue()
    elif status.rc in _silent(machine) or (status.rc is Rc.Q_NOT_AVAIL and machine.on("B18")):
        await free_aqic_resources(machine, queue, found, after_reset=True)


@mirrors("apq_reset_check")
async def apq_reset_check(machine: Machine, queue: Queue) -> None:
    """The work item: poll until the reset is over and give back what the queue owns.

    A ZAPQ that was answered 02, 05 or 0a was not accepted, because somebody else's reset was running: when that is
    over it is issued again (B14). Locks: none of its own; whoever flushes the work holds mdevs_lock.
    """
    generation = await queue.object.read_generation()
    found = QueuePointer(queue.apqn, generation)
    while True:
        seen = await queue.hw.tapq(HOST)
        if seen.rc in TRANSIENT:
            continue
        if seen.rc is Rc.Q_NOT_AVAIL and machine.on("B18"):
            await free_aqic_resources(machine, queue, found, after_reset=True)
            return
        if seen.rc is Rc.NORMAL or seen.rc in _silent(machine):
            counts_as_reset = seen.rc is not _recorded(machine, seen.rc)
            if not machine.on("B14") or await queue.object.reset_status(generation) not in _SOMEBODY_ELSES:
                if counts_as_reset:
                    await queue.object.set_reset_status(generation, Rc.NORMAL)
                break
        elif seen.rc not in _ASYNC_ERRORS:
            return
        status = await queue.hw.reset("ZAPQ", HOST)
        await queue.object.set_reset_status(generation, status.rc)
    await free_aqic_resources(machine, queue, found, after_reset=True, without_isc=False)


def _silent(machine: Machine) -> frozenset[Rc]:
    """Answers of a queue that notifies nobody, as the driver sees it: 03, since 6.9 also 04."""
    return _SILENT if machine.on("checkstop_ends") else frozenset({Rc.DECONFIGURED})


def _recorded(machine: Machine, rc: Rc) -> Rc:
    """What is kept of an answer: before 6.9 a queue that is off was as good as one that is reset, and 03 became 00."""
    return Rc.NORMAL if rc is Rc.DECONFIGURED and not machine.on("checkstop_ends") else rc


@mirrors(None)
async def reset_and_wait(machine: Machine, *queues: QueuePointer) -> int:
    """Reset these queues, all at the same time, and wait for all. 0 or -EIO. Locks: mdevs_lock held.

    Before fix B15 one after the other, where the error may also be -EBUSY; before fix B35 each of them was then told
    to switch its interrupt off, too.
    """
    result = 0
    if machine.on("B15"):
        for found in queues:
            await reset_queue(machine, machine.queues[found.apqn], found)
    for found in queues:
        queue = machine.queues[found.apqn]
        if machine.on("B15"):
            result = await _flush(machine, queue, found) or result
        else:
            result = await reset_and_poll(machine, queue, found) or result
        if not machine.on("B35"):
            await irq_disable(machine, queue, found)
    return result


async def _flush(machine: Machine, queue: Queue, found: QueuePointer) -> int:
    """Wait for the end of a reset: 0, or -EIO when its ZAPQ was answered anything but 00. Locks: mdevs_lock held."""
    if not machine.on("reset_unwaited"):
        await queue.reset_work.flush()
    rc = await queue.object.reset_status(found.generation)
    return 0 if rc is Rc.NORMAL else Errno.EIO.failure


@mirrors(renamed("vfio_ap_mdev_reset_queues", B28="vfio_ap_mdev_reset_qlist"))
async def reset_qlist(machine: Machine, queues: tuple[QueuePointer, ...]) -> int:
    """Reset some queues of an mdev. Result and locks as for `reset_and_wait`."""
    return await reset_and_wait(machine, *queues)


@mirrors("vfio_ap_mdev_reset_queues")
async def reset_queues(machine: Machine, mdev: Mdev) -> int:
    """Reset every queue of the mdev. Result and locks as for `reset_and_wait`.

    Before 5.11 (B35) every APQN of the matrix, whether the driver has its queue or not.
    """
    if not machine.on("dynamic_config") and not machine.on("B35"):
        return await _reset_matrix(machine, await mdev.read_matrix())
    queues = await queues_of(machine, mdev)
    return await reset_and_wait(machine, *(queues[1:] if machine.on("reset_skips_first") else queues))


async def _reset_matrix(machine: Machine, matrix: Matrix) -> int:
    result = 0
    for apqn in matrix.apqns():
        if apqn in machine.queues:
            result = await zapq_and_look(machine, machine.queues[apqn]) or result
            if machine.on("aqic"):
                await _irq_disable_apqn(machine, machine.queues[apqn])
    return result


@mirrors("vfio_ap_irq_disable_apqn")
async def _irq_disable_apqn(machine: Machine, queue: Queue) -> None:
    found = await walk_devices(machine, queue.apqn)
    if found is not None:
        await irq_disable(machine, queue, found)
