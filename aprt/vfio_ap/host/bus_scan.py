"""What the AP bus does with queue devices: bind, unbind, scan.

The device lock of the queue is held around a driver's probe and remove. After a driver's remove has returned the
bus issues one more ZAPQ and does not wait.

Mirrors: drivers/s390/crypto/ap_bus.c: ap_device_probe(), ap_device_remove(), ap_scan_bus(), ap_scan_adapter(),
ap_scan_domains(), ap_bus_force_rescan(), ap_module_init(); drivers/base/bus.c: bind_store(), unbind_store().
Left out: card devices, scan timer, config flags of devices; TAPQ of every queue (a scan goes by the configuration
alone); the module reference around the callbacks of a scan.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.ap_bus import Driver
from aprt.vfio_ap.ap.ap_queue import CEX4
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.machine import Machine


@mirrors("ap_device_probe")
async def bind(machine: Machine, apqn: Apqn, driver: Driver) -> int:
    """Give a queue device a driver. -ENODEV: no such device, not free, or the masks keep it from this driver."""
    queue = machine.queues[apqn]
    async with held(queue.device_lock):
        if await machine.bus.driver_of(apqn) != "none":
            return Errno.ENODEV.failure
        if await is_reserved(machine, apqn) != (driver == "zcrypt"):
            return Errno.ENODEV.failure
        await machine.bus.begin_callback(apqn)
        result = await machine.ops.probe(machine, queue) if driver == "vfio_ap" else 0
        await machine.bus.set_driver(apqn, driver if result == 0 else "none")
        return result


@mirrors("ap_device_remove")
async def unbind(machine: Machine, apqn: Apqn, gone: bool = False) -> int:
    """Take a queue device from its driver; `gone`: the device itself disappears too. -ENODEV: it has none."""
    queue = machine.queues[apqn]
    async with held(queue.device_lock):
        driver = await machine.bus.driver_of(apqn)
        if driver is None or (driver == "none" and not gone):
            return Errno.ENODEV.failure
        await machine.bus.begin_callback(apqn)
        if driver == "vfio_ap":
            await machine.ops.remove(machine, queue)
        if driver != "none":
            await queue.hw.reset("ZAPQ", HOST)
        await machine.bus.end_remove(apqn, gone)
        return 0


@mirrors(None)
async def is_reserved(machine: Machine, apqn: Apqn) -> bool:
    """Whether the masks keep a queue for the default drivers. ap_perms_mutex is held only while they are read."""
    async with held(machine.perms_mutex):
        return await machine.bus.is_reserved(apqn)


@mirrors("device_attach")
async def attach(machine: Machine, apqn: Apqn) -> int:
    """Give a queue device the driver that the masks want for it. Result as for `bind`."""
    driver: Driver = "zcrypt" if await is_reserved(machine, apqn) else "vfio_ap"
    return await bind(machine, apqn, driver)


async def rebind_to_host(machine: Machine, apqn: Apqn) -> None:
    """The administrator takes the queue from vfio_ap for the host: unbind, reserve it, bind to zcrypt."""
    if await unbind(machine, apqn) == 0:
        await machine.bus.reserve(apqn)
        await bind(machine, apqn, "zcrypt")


@mirrors("ap_scan_bus")
async def scan(machine: Machine) -> None:
    """One bus scan: devices whose queue left the host's configuration go, new ones appear and are bound."""
    async with held(machine.scan_mutex):
        config, old = await machine.bus.fetch_info()
        if config != old and machine.ops.config_changed is not None:
            await machine.ops.config_changed(machine, config, old)
        known = await machine.bus.devices()
        for apqn in sorted(machine.queues):
            if apqn in known:
                await _keep_or_delete(machine, apqn, apqn in config)
            elif apqn in config and machine.queues[apqn].hw.hwtype >= CEX4:
                await machine.bus.add_device(apqn)
                await attach(machine, apqn)
        if config != old and machine.ops.scan_complete is not None:
            await machine.ops.scan_complete(machine)


async def _keep_or_delete(machine: Machine, apqn: Apqn, configured: bool) -> None:
    """Before fix B51 a device between two drivers was taken for broken; a later scan makes it anew."""
    broken = configured and machine.bus.deletes_unbound and await machine.bus.driver_of(apqn) == "none"
    if broken or not configured:
        await unbind(machine, apqn, gone=True)


@mirrors("ap_bus_force_rescan")
async def force_rescan(machine: Machine) -> None:
    """A scan is asked for, by SCLP when the configuration changed; not heeded before the first one is done (B49)."""
    if not machine.on("B49") or await machine.bus.has_scanned():
        await scan(machine)


@mirrors("ap_module_init")
async def boot(machine: Machine) -> None:
    """The bus is initialized: its poll timer is set up, then it scans for the first time."""
    await machine.bus.boots("ready")
    await scan(machine)
    await machine.bus.boots("scanned")


async def change_config(machine: Machine, lost: Matrix = Matrix(), gained: Matrix = Matrix()) -> None:  # noqa: B008
    """The hypervisor takes adapters or domains from the host and gives it others; a scan notices.

    Queues that are gone answer 01 from now on.
    """
    old = await machine.bus.qci()
    new = old.difference(lost).union(gained)
    for apqn in sorted(machine.queues):
        if (apqn in old) != (apqn in new):
            await machine.queues[apqn].hw.configure("on" if apqn in new else "absent")
    await machine.bus.reconfigure(new)
    await scan(machine)


async def card_vanishes(machine: Machine, apid: int) -> None:
    """The hypervisor takes an adapter away; a scan notices."""
    await change_config(machine, lost=Matrix.of([apid]))


async def card_off_and_on(machine: Machine, apid: int) -> None:
    """The operator configures a card off, and later on again: its queues come back reset. The bus keeps its devices."""
    for state in ("off", "on"):
        for apqn in sorted(machine.queues):
            if apqn.apid == apid:
                await machine.queues[apqn].hw.configure(state)


async def card_breaks(machine: Machine, apid: int) -> None:
    """A card is checkstopped, and recovers later: its queues come back as they were. The bus keeps its devices."""
    for broken in (True, False):
        for apqn in sorted(machine.queues):
            if apqn.apid == apid:
                await machine.queues[apqn].hw.checkstop(broken)


async def card_appears(machine: Machine, apid: int) -> None:
    """The hypervisor gives an adapter; a scan finds it."""
    await change_config(machine, gained=Matrix.of([apid]))
