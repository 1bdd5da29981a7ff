"""Who runs the state machine of a host queue: requests, the tasklet, the poll timer; and the switch of zcrypt.

Mirrors: drivers/s390/crypto/ap_queue.c: ap_sm_event_loop(), ap_queue_message(), ap_flush_queue(),
ap_queue_init_state(); drivers/s390/crypto/ap_bus.c: ap_wait(), ap_tasklet_fn(), ap_poll_timeout(),
ap_interrupt_handler(); drivers/s390/crypto/zcrypt_queue.c: online_store().
Left out: the polling thread; other queues; that the caller tries again after -EAGAIN.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.core.chain import mirrors
from aprt.core.system import Context
from aprt.kernel.held import masked
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer, timer_daemon
from aprt.kernel.workqueue import Work, worker
from aprt.vfio_ap.ap.ap_queue import ApQueue, interrupt_control, reset_end
from aprt.vfio_ap.ap.ap_sm import HostQueue, Wait
from aprt.vfio_ap.ap.queue_state import HOST, Target
from aprt.vfio_ap.ap.response import Rc

AP_ISC: Final = 2
BY_INTERRUPT: Final = Target(HOST, 0x1000, None, 0, AP_ISC)
"""Where a queue of the host notifies: the summary byte of the bus, and an adapter interrupt."""


@attrs.frozen(eq=False)
class ZcryptQueue:
    """A queue with what runs its state machine. `lock` guards `queue`; timer and tasklet are those of the bus."""

    hw: ApQueue
    queue: HostQueue
    lock: Spinlock
    timer: Timer
    tasklet: Work

    def actors(self) -> tuple[Actor[Any], ...]:
        return (self.hw, self.queue, self.lock, self.timer, self.tasklet)

    def daemons(self) -> tuple[Context, ...]:
        """The card, and the host's timer and tasklet."""
        return (
            Context("irq", partial(interrupt_control, self.hw), daemon=True),
            Context("reset", partial(reset_end, self.hw), daemon=True),
            Context("reply", partial(replies, self), daemon=True),
            Context("ap_poll_timer", partial(timer_daemon, self.timer, ap_poll_timeout, self), daemon=True),
            Context("ap_tasklet", partial(worker, self.tasklet, poll, self), daemon=True),
        )


async def replies(zq: ZcryptQueue) -> None:
    """Daemon: the card answers, at any later step; if it interrupts, the handler schedules the tasklet."""
    while True:
        if await zq.hw.answer() is not None:
            await zq.tasklet.queue()
            await zq.hw.notified()


@mirrors("ap_poll_timeout")
async def ap_poll_timeout(zq: ZcryptQueue) -> bool:
    """The poll timer has expired: the tasklet looks, and arms it again if need be."""
    await zq.tasklet.queue()
    return False


async def poll(zq: ZcryptQueue) -> None:
    """The tasklet, and the start of a queue: run the machine as far as it goes. Locks: takes the queue's."""
    async with masked(zq.lock, "softirq"):
        await run_machine(zq)


@mirrors("ap_queue_message")
async def request(zq: ZcryptQueue) -> None:
    """A request from user space, from the ioctl to its reply; nothing when the queue is offline."""
    if not await zq.queue.is_online():
        return
    async with masked(zq.lock, "softirq"):
        await zq.queue.enqueue()
        await run_machine(zq)
    await zq.queue.wait_reply()


async def offline_and_online(zq: ZcryptQueue) -> None:
    """The administrator takes the queue offline, which flushes it, and puts it online again."""
    await zq.queue.set_online(False)
    async with masked(zq.lock, "softirq"):
        await zq.queue.flush()
    await zq.queue.set_online(True)


@mirrors("ap_sm_event_loop")
async def run_machine(zq: ZcryptQueue) -> None:
    """Events until there is something to wait for; arms the poll timer unless an interrupt is to come."""
    wait = Wait.AGAIN
    while wait == Wait.AGAIN:
        wait = await ap_sm_event(zq)
    if wait == Wait.TIMEOUT:
        await zq.timer.arm()


async def ap_sm_event(zq: ZcryptQueue) -> Wait:
    """One event. Locks: the queue's."""
    match await zq.queue.read_sm():
        case "RESET_START":
            await zq.hw.reset("RAPQ", HOST)
            return await zq.queue.reset_begun()
        case "RESET_WAIT":
            return await ap_sm_reset_wait(zq)
        case "SETIRQ_WAIT":
            received = await zq.queue.expects_reply()
            status = await (zq.hw.dqap(HOST) if received else zq.hw.tapq(HOST))
            return await zq.queue.irq_waited(status, received)
        case "IDLE":
            return await ap_sm_write(zq)
        case "QUEUE_FULL":
            return await ap_sm_read(zq)
        case "WORKING":
            return min(await ap_sm_read(zq), await ap_sm_write(zq))


@mirrors("ap_sm_reset_wait")
async def ap_sm_reset_wait(zq: ZcryptQueue) -> Wait:
    """TAPQ tells whether the reset is over; if it is the interrupt is to be enabled."""
    if (await zq.hw.tapq(HOST)).rc is not Rc.NORMAL:
        return Wait.TIMEOUT
    status = await zq.hw.aqic(BY_INTERRUPT)
    return await zq.queue.reset_over(status.rc in (Rc.NORMAL, Rc.OTHERWISE_CHANGED))


@mirrors("ap_sm_read")
async def ap_sm_read(zq: ZcryptQueue) -> Wait:
    """Fetch a reply, if there is one."""
    return await zq.queue.read(await zq.hw.dqap(HOST))


@mirrors("ap_sm_write")
async def ap_sm_write(zq: ZcryptQueue) -> Wait:
    """Send the oldest request, if there is one."""
    if not await zq.queue.has_request():
        return Wait.NONE
    return await zq.queue.written(await zq.hw.nqap(HOST))
