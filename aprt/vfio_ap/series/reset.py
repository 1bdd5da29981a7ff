"""Resets by the host: ZAPQ, and what counts as its end.

The series asks once more when a reset is refused and ignores the rest; the measure `wait_reset` asks until its ZAPQ
is accepted and waits until the machine says that it has ended.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_reset_queue(), vfio_ap_mdev_reset_queues() (5.0).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.ap.response import SILENT, TRANSIENT, Errno, Rc
from aprt.vfio_ap.series.machine import Machine


@mirrors("vfio_ap_mdev_reset_queue")
async def reset_queue(machine: Machine, hw: ApQueue) -> int:
    """ZAPQ one queue. 0, -EBUSY when still refused after one retry, -EIO for any other answer.

    With `wait_reset` it returns 0 only when nothing of the queue is left to come; the variant `check_accepted`
    waits for a ZAPQ that was accepted and still gives up on one that was refused, as 5.3 does.
    """
    if machine.on("wait_reset"):
        await reset_and_wait(hw)
        return 0
    status = await hw.reset("ZAPQ", HOST)
    if status.rc in TRANSIENT:
        status = await hw.reset("ZAPQ", HOST)
    if status.rc is Rc.NORMAL:
        if machine.variant("reset_check") == "check_accepted":
            await _wait_until_over(hw)
        return 0
    return (Errno.EBUSY if status.rc in TRANSIENT else Errno.EIO).failure


async def _wait_until_over(hw: ApQueue) -> None:
    while (await hw.tapq(HOST)).rc in TRANSIENT:
        pass


@mirrors(None)
async def reset_and_wait(hw: ApQueue) -> None:
    """ZAPQ until one is accepted, then wait for its end: TAPQ answers 00 and the queue is empty.

    Whatever else a ZAPQ is answered (02: somebody else's reset runs; 05; a code nobody expects), nothing of it
    counts and it is issued again. A queue that is off, broken or gone is taken to deliver nothing (assumption
    `off_is_silent`). Waits without limit.
    """
    while (issued := await hw.reset("ZAPQ", HOST)).rc is not Rc.NORMAL:
        if issued.rc in SILENT:
            return
    while True:
        seen = await hw.tapq(HOST)
        if seen.rc in SILENT or (seen.rc is Rc.NORMAL and seen.empty):
            return


@mirrors(None)
async def reset_until_empty(hw: ApQueue) -> None:
    """What v3 did on the removal of a queue: ZAPQ, then TAPQ until E is set, whatever the response code."""
    await hw.reset("ZAPQ", HOST)
    while True:
        seen = await hw.tapq(HOST)
        if seen.empty or seen.rc in SILENT:
            return


@mirrors("vfio_ap_mdev_reset_queues")
async def reset_queues(machine: Machine, matrix: Matrix) -> int:
    """Reset every queue of a matrix that the host has. 0 or the last error."""
    result = 0
    for apqn in matrix.apqns():
        if apqn in machine.queues:
            result = await reset_queue(machine, machine.queues[apqn].hw) or result
    return result
