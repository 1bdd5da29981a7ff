"""Scenarios of the releases about a PQAP handler in flight while what it uses is taken away."""

from __future__ import annotations

from functools import partial

from aprt.core.chain import mirrors
from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.life import unbind_enabling
from aprt.vfio_ap.host.userspace import DEVICE, close_fd
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.releases.situation import Situation


def remove_mdev(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("user", partial(close_and_remove, s.machine, s.guest)),
        scope="the device is closed and then the mdev removed while the guest enables its interrupt; the VM stays",
    )


@mirrors(None)
async def close_and_remove(machine: Machine, guest: Guest) -> None:
    """The device is closed, and then the mdev removed."""
    await close_fd(machine, guest, DEVICE)
    await machine.ops.remove_mdev(machine, guest.mdev)


HANDLERS = (
    Scenario(
        "remove-mdev",
        "the mdev is removed while a PQAP handler runs in it",
        "The vCPU has read the hook, which is embedded in the mdev; the device is\n"
        "closed, the mdev removed and freed; the handler goes on (B4).",
        ("P9", "P16"),
        remove_mdev,
    ),
    Scenario(
        "unbind",
        "a queue is unbound while its PQAP is intercepted",
        "The handler has found the vfio_ap_queue; the administrator unbinds the device\n"
        "and the driver frees the object; the handler goes on with its pointer (B6).",
        ("P5", "P6", "P8", "P9", "P12", "P22"),
        partial(unbind_enabling, Situation),
    ),
)
