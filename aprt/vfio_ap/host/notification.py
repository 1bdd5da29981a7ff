"""How a reply reaches a guest: the card answers, sets the NIB, makes the ISC pending. A daemon per queue.

Source: the AP architecture as the kernel relies on it; `docs/reference/model.md`, "Path of one interrupt".
"""

from __future__ import annotations

from aprt.vfio_ap.host.machine import Machine, Queue
from aprt.vfio_ap.kvm.gib import make_pending


async def replies(machine: Machine, queue: Queue) -> None:
    """Daemon: requests are answered, at any later step; an enabled queue notifies in several steps."""
    while True:
        target = await queue.hw.answer()
        if target is None:
            continue
        guest = machine.guest(target.guest)
        await guest.memory.write_nib(target.nib)
        await make_pending(machine.gib, guest.gisa.gisa, target.gisc)
        await queue.hw.notified()
