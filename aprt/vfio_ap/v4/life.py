"""Scenarios of era v4 about the life of a guest: from everything open to everything closed, in every order."""

from __future__ import annotations

from aprt.vfio_ap.host.life import lives
from aprt.vfio_ap.v4.situation import Situation

_RECORDS = ("P5", "P6", "P7", "P8", "P9")
_LIFE = ("P1", "P3", "P4", *_RECORDS, "P11", "P12", "P16")

LIFE_CYCLES = lives(
    Situation,
    {
        **dict.fromkeys(("kill-qemu", "rogue-close", "card-off", "card-broken", "qemu-reset"), _LIFE),
        "unplug": (*_RECORDS, "P11", "P16"),
        **dict.fromkeys(("reset-reenable", "reset-reenable-busy"), ("P5", "P6", "P7", "P8", "P24")),
        "close-and-use": ("P11", "P12"),
    },
    {
        "kill-qemu": "The process dies at any step; its files are closed in any order.\n"
        "The VM can go, GISA first, before the device file is closed: the queue then\n"
        "still has an interrupt aimed at memory that is freed.",
        "rogue-close": "Any file descriptor is closed at any step, the vCPU thread goes on.\n"
        "Release of the device races with the PQAP handler; the VM can go first.",
        "qemu-reset": "VFIO_DEVICE_RESET switches the interrupt off behind the records;\n"
        "the guest may enable again; then all files are closed in any order.",
        "close-and-use": "A release that clears the masks last can reset before the guest's last request:\n"
        "what the guest put into the queue is then there for its next user.",
    },
    {"close-and-use": ("masks_last",)},
)
