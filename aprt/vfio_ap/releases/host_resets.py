"""Scenarios of the releases in which the host resets a queue that is in the middle of something."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.userspace import DEVICE, close_fd
from aprt.vfio_ap.releases.situation import Situation


def reset_meets_reset(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the device is closed while the guest enables its interrupt and resets its queue itself; the VM stays",
    )


def no_facility(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the device is closed while the guest sends a request; the VM stays",
    )


HOST_RESETS = (
    Scenario(
        "no-facility",
        "a queue is reset on a machine without AQIC",
        "A queue that was reset has its interrupt off; to tell it so once more takes an\n"
        "instruction that may not exist (B35).",
        ("P11", "P12", "P47"),
        no_facility,
        ("guest=use", "facility_65=no"),
    ),
    Scenario(
        "reset-meets-reset",
        "the host resets a queue while the guest's own reset of it runs",
        "The host's ZAPQ is answered 02: it was not accepted (B14). How long the reset\ntakes nobody knows (B15).",
        ("P5", "P6", "P8", "P9", "P11", "P12"),
        reset_meets_reset,
        ("guest=enable_reset",),
    ),
)
