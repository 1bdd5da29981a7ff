"""Scenarios about the life of a guest: from everything open to everything closed, in every order."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.userspace import close_all
from aprt.vfio_ap.releases.situation import attached

LIFE = ("P1", "P3", "P8", "P9")


def kill_qemu(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        *s.kill(),
        scope="the process is killed at any step; its files are closed in any order once the last thread has left",
    )


def rogue_close(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("rogue", partial(close_all, s.machine, s.guest)),
        scope="user space closes all files in any order while the vCPUs run",
    )


LIFE_CYCLES = (
    Scenario(
        "kill-qemu",
        "QEMU is killed while its guest enables an interrupt",
        "The process dies at any step; its files are closed in any order.\n"
        "The VM must not go before every queue of its mdev is reset.",
        LIFE,
        kill_qemu,
    ),
    Scenario(
        "rogue-close",
        "user space closes its files in any order while the guest runs",
        "Any file descriptor is closed at any step, the vCPU thread goes on.\n"
        "Closing the device races with the PQAP handler.",
        LIFE,
        rogue_close,
    ),
)
