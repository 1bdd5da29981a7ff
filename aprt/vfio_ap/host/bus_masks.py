"""apmask and aqmask: which queues the host keeps for its own drivers.

A write changes them under ap_perms_mutex, if no other driver has a queue in use that they would take from it. Devices
that are then with the wrong driver get another one, and ap_perms_mutex is not held meanwhile.

Mirrors: drivers/s390/crypto/ap_bus.c: apmask_store(), aqmask_store(), apmask_commit(), aqmask_commit(),
__verify_card_reservations(), __verify_queue_reservations(), ap_bus_revise_bindings(), __ap_revise_reserved();
drivers/base/bus.c: device_reprobe() (6.12). Left out: uevents; what a write that a signal interrupts answers.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs
from pyrsistent import pset

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.bus_scan import attach, is_reserved, unbind
from aprt.vfio_ap.host.machine import Machine

Mask: TypeAlias = Literal["apm", "aqm"]


@mirrors(lambda _, mask, __: f"{mask[:2]}mask_store")
async def store_mask(machine: Machine, mask: Mask, numbers: tuple[int, ...]) -> int:
    """Write apmask (apm) or aqmask (aqm): 0, or -EBUSY when a driver uses what its new bits would take."""
    async with held(machine.perms_mutex):
        old = await machine.bus.masks()
        new = attrs.evolve(old, **{mask: pset(numbers)})
        if new == old:
            return 0
        error = await _verify(machine, mask, old, new)
        if error:
            return error
        await machine.bus.set_masks(new)
    await revise_bindings(machine)
    return 0


async def _verify(machine: Machine, mask: Mask, old: Matrix, new: Matrix) -> int:
    """Ask the driver, whose module may not go meanwhile. Before fix B50 aqmask kept that reference when it said yes."""
    gained = new.difference(old)
    if gained == Matrix() or machine.ops.in_use is None or not await machine.module.try_get():
        return 0
    wanted = Matrix(gained.apm, old.aqm) if mask == "apm" else Matrix(old.apm, gained.aqm)
    error = await machine.ops.in_use(machine, wanted)
    if not error or mask == "apm" or machine.on("B50"):
        await machine.module.put()
    return Errno.EBUSY.failure if error else 0


@mirrors("ap_bus_revise_bindings")
async def revise_bindings(machine: Machine) -> None:
    """Every device whose driver the masks do not want gets another one. Locks: none."""
    for apqn in await machine.bus.devices():
        reserved = await is_reserved(machine, apqn)
        driver = await machine.bus.driver_flags(apqn)
        if driver is not None and reserved != (driver == "zcrypt"):
            await _reprobe(machine, apqn)


@mirrors("device_reprobe")
async def _reprobe(machine: Machine, apqn: Apqn) -> None:
    """In between the device has no driver, and its lock is free."""
    await unbind(machine, apqn)
    await attach(machine, apqn)
