"""The attributes of an mdev in sysfs: what can be written and read there.

Removing the mdev takes its attributes away first, and waits for who is in one.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_attrs, ap_config_store(), ap_config_show(), matrix_show(),
guest_matrix_show(), control_domains_show() (6.12). Left out: no memory for a copy of what is written.
"""

from __future__ import annotations

import re
from typing import Final

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.masks import BITS, format_mask, parse_mask
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.mainline import fixed_config
from aprt.vfio_ap.mainline.guest_config import (
    filter_cdoms,
    filter_matrix,
    link_apqn,
    reset_filtered,
    update_guest_apcb,
)
from aprt.vfio_ap.mainline.locks import lock_for_mdev, unlock
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.mdev_sysfs import assign_control_domain, hot_unplug, validate

_HEX: Final = re.compile(r"(?:0?x)?([0-9a-f]*)", re.IGNORECASE | re.ASCII)


async def write(machine: Machine, mdev: Mdev, attribute: str, text: str) -> int:
    """Somebody writes to an attribute of the mdev: 0 or a negative errno; -ENODEV: there is no such attribute."""
    if not await mdev.sysfs.enter():
        return Errno.ENODEV.failure
    store = _store if machine.on("dynamic_config") else fixed_config.store
    result = await store(machine, mdev, attribute, text)
    await mdev.sysfs.leave(result)
    return result


async def _store(machine: Machine, mdev: Mdev, attribute: str, text: str) -> int:
    match attribute:
        case "assign_adapter":
            return await machine.ops.assign(machine, mdev, "apm", text)
        case "assign_domain":
            return await machine.ops.assign(machine, mdev, "aqm", text)
        case "unassign_adapter":
            return await machine.ops.unassign(machine, mdev, "apm", text)
        case "unassign_domain":
            return await machine.ops.unassign(machine, mdev, "aqm", text)
        case "assign_control_domain" | "unassign_control_domain":
            return await assign_control_domain(machine, mdev, text, attribute == "assign_control_domain")
        case "ap_config" if machine.on("ap_config"):
            return await ap_config_store(machine, mdev, text)
        case _:
            return Errno.ENODEV.failure


async def read(machine: Machine, mdev: Mdev, attribute: str) -> str | None:
    """Somebody reads an attribute of the mdev; None: there is no such attribute. `ap_config` takes no lock."""
    if not await mdev.sysfs.enter():
        return None
    async with held(machine.mdevs_lock, when=attribute != "ap_config"):
        shown = await _show(machine, mdev, attribute)
    await mdev.sysfs.leave()
    return shown


async def _show(machine: Machine, mdev: Mdev, attribute: str) -> str | None:
    match attribute:
        case "matrix":
            return _listed(await mdev.read_matrix())
        case "guest_matrix":
            return _listed(await mdev.read_shadow())
        case "control_domains":
            return "".join(f"{number:04x}\n" for number in sorted((await mdev.read_matrix()).adm))
        case "ap_config" if machine.on("ap_config"):
            matrix = await mdev.read_matrix()
            return ",".join(format_mask(mask) for mask in (matrix.apm, matrix.aqm, matrix.adm)) + "\n"
        case _:
            return None


def _listed(matrix: Matrix) -> str:
    """A line for every APQN; where there is none, one for every adapter (`05.`) or domain (`.0004`)."""
    if matrix.apm and matrix.aqm:
        return "".join(f"{apqn}\n" for apqn in matrix.apqns())
    adapters = [f"{apid:02x}.\n" for apid in sorted(matrix.apm)]
    return "".join(adapters or [f".{apqi:04x}\n" for apqi in sorted(matrix.aqm)])


@mirrors("ap_config_store")
async def ap_config_store(machine: Machine, mdev: Mdev, text: str) -> int:
    """All three masks at once, `0x...,0x...,0x...`: what is new is assigned, what is missing unassigned.

    -EINVAL: not three masks; -ENODEV: above the machine's maximum; -EADDRNOTAVAIL, -EADDRINUSE as for `assign`.
    """
    async with held(machine.perms_mutex):
        guest = await lock_for_mdev(machine, mdev)
        result = await _ap_config_store(machine, mdev, text)
        await unlock(machine, guest)
        return result


async def _ap_config_store(machine: Machine, mdev: Mdev, text: str) -> int:
    old, new = await mdev.read_matrix(), _parse(text)
    if new is None:
        return Errno.EINVAL.failure
    await mdev.set_matrix(new)
    error = await validate(machine, mdev, new) or _above(machine, new)
    await mdev.set_matrix(old)
    if error:
        return error
    removed, added = old.difference(new), new.difference(old)
    await hot_unplug(machine, mdev, old, "apm", tuple(sorted(removed.apm)))
    await hot_unplug(machine, mdev, old, "aqm", tuple(sorted(removed.aqm)))
    await mdev.set_matrix(new)
    for apqn in (*Matrix(added.apm, new.aqm).apqns(), *Matrix(new.apm, added.aqm).apqns()):
        await link_apqn(machine, mdev, apqn)
    changed, lost = await filter_matrix(machine, mdev)
    changed = await filter_cdoms(machine, mdev) or changed
    if changed:
        await update_guest_apcb(machine, mdev)
        await reset_filtered(machine, mdev, lost)
    return 0


def _above(machine: Machine, matrix: Matrix) -> int:
    """-ENODEV when a number is above the machine's maximum."""
    domains = matrix.aqm | matrix.adm
    if any(apid > machine.bus.max_adapter for apid in matrix.apm) or any(d > machine.bus.max_domain for d in domains):
        return Errno.ENODEV.failure
    return 0


def _parse(text: str) -> Matrix | None:
    """The matrix of three masks; a shorter mask has zeros on the right. None: the text is something else."""
    words = re.split("[,\n]", text)[:3]
    masks = [form[1] for word in words if (form := _HEX.fullmatch(word)) is not None]
    if len(masks) < 3 or any(len(mask) > BITS // 4 for mask in masks):
        return None
    return Matrix.of(*(parse_mask(f"0x{mask:0<{BITS // 4}}") for mask in masks))
