"""Resets by the host: ZAPQ, and what counts as its end.

Since 6.6 (B15) a work item of each queue polls until the reset is over, without limit, and whoever started it flushes
that work; all queues of an mdev are reset at the same time. In 6.3 and 6.4 (B14) the caller polls, 200 ms at most.
Before that a refused reset was tried once more, and the bits E and I were looked at, whatever the response code.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_reset_queue(), apq_reset_check(),
vfio_ap_mdev_reset_queues(), vfio_ap_mdev_reset_qlist() (6.12), apq_status_check() (6.3).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.ap_queue import HOST
from aprt.vfio_ap.ap.apqn import Found
from aprt.vfio_ap.ap.response import Errno, Rc
from aprt.vfio_ap.mainline.irq import free_aqic_resources
from aprt.vfio_ap.mainline.machine import Machine, Queue
from aprt.vfio_ap.mainline.mdev import Mdev

POLLS = 10  # 200 ms of 20 ms each, in 6.3

_RUNS = frozenset({Rc.NORMAL, Rc.RESET_IN_PROGRESS, Rc.BUSY, Rc.STATE_CHANGE_IN_PROGRESS})
_SOMEBODY_ELSES = frozenset({Rc.RESET_IN_PROGRESS, Rc.BUSY, Rc.STATE_CHANGE_IN_PROGRESS})
_ASYNC_ERRORS = frozenset({Rc.ASSOC_SECRET_NOT_UNIQUE, Rc.ASSOC_FAILED})


@mirrors("vfio_ap_mdev_reset_queue")
async def reset_queue(machine: Machine, queue: Queue, found: Found) -> None:
    """Start a reset; its end has to be waited for (`flush`). Locks: mdevs_lock held.

    A queue that is off or broken is taken to be silent, and so is one that is gone since B18: what it owns is given
    back at once. After any other answer nothing is done.
    """
    if not machine.on("B15"):
        await _reset_and_poll(machine, queue, found)
        return
    status = await queue.hw.reset("ZAPQ", HOST)
    await queue.object.set_reset_status(found.generation, status.rc)
    if status.rc in _RUNS:
        await queue.reset_work.queue()
    elif status.rc in (Rc.DECONFIGURED, Rc.CHECKSTOPPED) or (status.rc is Rc.Q_NOT_AVAIL and machine.on("B18")):
        await free_aqic_resources(machine, queue, found, after_reset=True)


@mirrors("apq_reset_check")
async def apq_reset_check(machine: Machine, queue: Queue) -> None:
    """The work item: poll until the reset is over and give back what the queue owns.

    A ZAPQ that was answered 02, 05 or 0a was not accepted, because somebody else's reset was running: when that is
    over it is issued again. Locks: none of its own; whoever flushes the work holds mdevs_lock.
    """
    generation = await queue.object.read_generation()
    found = Found(queue.apqn, generation)
    while True:
        seen = await queue.hw.tapq(HOST)
        if seen.rc in (Rc.RESET_IN_PROGRESS, Rc.BUSY):
            continue
        if seen.rc is Rc.Q_NOT_AVAIL and machine.on("B18"):
            break
        if seen.rc in (Rc.NORMAL, Rc.DECONFIGURED, Rc.CHECKSTOPPED):
            if await queue.object.reset_status(generation) not in _SOMEBODY_ELSES:
                break
        elif seen.rc not in _ASYNC_ERRORS:
            return
        status = await queue.hw.reset("ZAPQ", HOST)
        await queue.object.set_reset_status(generation, status.rc)
    await free_aqic_resources(machine, queue, found, after_reset=True)


async def flush(machine: Machine, queue: Queue, found: Found) -> int:
    """Wait for the end of a reset: 0, or -EIO when its ZAPQ was answered anything but 00. Locks: mdevs_lock held."""
    if machine.on("B15") and not machine.on("reset_unwaited"):
        await queue.reset_work.flush()
    rc = await queue.object.reset_status(found.generation)
    return 0 if rc is Rc.NORMAL else Errno.EIO.failure


async def reset_and_wait(machine: Machine, queue: Queue, found: Found) -> int:
    """Reset one queue and wait. Result and locks as for `flush`."""
    await reset_queue(machine, queue, found)
    return await flush(machine, queue, found)


async def reset_qlist(machine: Machine, queues: tuple[Found, ...]) -> int:
    """Reset these queues, all at the same time, and wait for all. 0 or -EIO. Locks: mdevs_lock held."""
    for found in queues:
        await reset_queue(machine, machine.queues[found.apqn], found)
    result = 0
    for found in queues:
        result = await flush(machine, machine.queues[found.apqn], found) or result
    return result


@mirrors("vfio_ap_mdev_reset_queues")
async def reset_queues(machine: Machine, mdev: Mdev) -> int:
    """Reset every queue in the table of the mdev. 0 or -EIO. Locks: mdevs_lock held."""
    queues = await mdev.queues()
    return await reset_qlist(machine, queues[1:] if machine.on("reset_skips_first") else queues)


async def _reset_and_poll(machine: Machine, queue: Queue, found: Found) -> None:
    """The reset of the releases before 6.6."""
    status = await queue.hw.reset("ZAPQ", HOST)
    await queue.object.set_reset_status(found.generation, status.rc)
    if machine.on("B14"):
        await _poll(machine, queue, found)
    else:
        await _retry_once(machine, queue, found)


async def _poll(machine: Machine, queue: Queue, found: Found) -> None:
    """6.3: TAPQ until it answers 00, 03 or 04; a ZAPQ that met somebody else's reset is issued again."""
    for _ in range(POLLS):
        seen = await queue.hw.tapq(HOST)
        if seen.rc in (Rc.NORMAL, Rc.DECONFIGURED, Rc.CHECKSTOPPED):
            if await queue.object.reset_status(found.generation) is not Rc.RESET_IN_PROGRESS:
                break
            status = await queue.hw.reset("ZAPQ", HOST)
            await queue.object.set_reset_status(found.generation, status.rc)
        elif seen.rc not in (Rc.RESET_IN_PROGRESS, Rc.BUSY):
            break
    else:
        await queue.object.set_reset_status(found.generation, Rc.BUSY)
    await free_aqic_resources(machine, queue, found, after_reset=True)


async def _retry_once(machine: Machine, queue: Queue, found: Found) -> None:
    """5.3: one more try when another reset runs, then at most two looks at E and I."""
    if await queue.object.reset_status(found.generation) is Rc.RESET_IN_PROGRESS:
        status = await queue.hw.reset("ZAPQ", HOST)
        await queue.object.set_reset_status(found.generation, status.rc)
        if status.rc is Rc.RESET_IN_PROGRESS:
            await free_aqic_resources(machine, queue, found, after_reset=True)
            return
    for _ in range(2):
        seen = await queue.hw.tapq(HOST)
        if seen.empty and not seen.irq_enabled:
            break
    await free_aqic_resources(machine, queue, found, after_reset=True)
