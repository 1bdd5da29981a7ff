"""The AP bus: which queue devices exist, which driver each is bound to, and what the host may use.

The actor holds the bus's data. What is done with it, scans, binding and unbinding, writes to apmask and aqmask, are
behaviours of whoever does it (`host.bus_scan`, `host.bus_masks`).

Mirrors: drivers/s390/crypto/ap_bus.h: struct ap_device, struct ap_perms; arch/s390/include/asm/ap.h:
struct ap_config_info (6.12).
Left out: card devices, uevents. A queue under one of the host's own drivers is `ap_sm`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs
from pyrsistent import PMap, pmap

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Note, Oops, Owes
from aprt.kernel.mutex import Mutex
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix

Boot: TypeAlias = Literal["begun", "ready", "scanned"]
Driver: TypeAlias = Literal["vfio_ap", "zcrypt", "none"]


@attrs.frozen
class ApBusState:
    config: Matrix  # what the machine has configured for the host
    scanned: Matrix  # ap_qci_info: the configuration that the last scan saw
    # guarded by perms_mutex:
    reserved: Matrix  # apmask x aqmask: queues of the default drivers
    # guarded by locks inside the driver core, which are no part of the model:
    drivers: PMap[Apqn, Driver] = pmap()  # queue devices that exist, with the driver bound to each
    drvdata: PMap[Apqn, int] = pmap()  # generation of the vfio_ap_queue behind a device

    # how far ap_module_init() is: it has begun, the poll timer is set up ("ready"), the first scan is done
    boot: Boot = "scanned"


@attrs.frozen(eq=False)
class ApBus(Actor[ApBusState]):
    """max_adapter, max_domain: the highest numbers of the machine.

    perms_mutex: None in kernels whose masks nobody changes here. deletes_unbound: a scan takes a device without driver
    for broken (before fix B51).
    """

    atomic = ("config", "drivers", "drvdata")  # the machine's; the bus and each device have locks of their own

    config: Matrix
    reserved: Matrix = Matrix()
    max_adapter: int = 255
    max_domain: int = 255
    perms_mutex: Mutex | None = None
    deletes_unbound: bool = False

    def initial(self) -> ApBusState:
        return ApBusState(self.config, self.config, self.reserved)

    @handler(reads="config")
    def qci(self, state: ApBusState, by: Caller) -> Outcome[ApBusState, Matrix]:
        """The host's configuration as the machine reports it now."""
        return state, state.config

    @handler(reads="config scanned", writes="scanned")
    def fetch_info(self, state: ApBusState, by: Caller) -> Outcome[ApBusState, tuple[Matrix, Matrix]]:
        """QCI, kept as what the bus goes by until the next scan. Replies what it said, and what it said before."""
        if state.scanned == state.config:
            return state, (state.config, state.scanned)
        return attrs.evolve(state, scanned=state.config), (state.config, state.scanned)

    @handler(reads="", writes="config")
    def reconfigure(self, state: ApBusState, by: Caller, config: Matrix) -> Outcome[ApBusState, None]:
        """The hypervisor gives or takes adapters and domains."""
        return attrs.evolve(state, config=config), None

    @handler(reads="drivers")
    def devices(self, state: ApBusState, by: Caller) -> Outcome[ApBusState, tuple[Apqn, ...]]:
        """The queue devices that exist, ascending."""
        return state, tuple(sorted(state.drivers))

    @handler(reads="drivers")
    def driver_of(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, Driver | None]:
        """The driver bound to a queue device; None: there is no such device."""
        return state, state.drivers.get(apqn)

    @handler(reads="drivers")
    def driver_flags(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, Driver | None]:
        """The driver of a device, for who looks into it; None: there is no such device. Finding: it has no driver."""
        notes: tuple[Note, ...] = ()
        if state.drivers.get(apqn) == "none":
            notes = (Oops("P9", f"null-ptr-deref: the driver of {apqn} is NULL"),)
        return state, state.drivers.get(apqn), notes

    @handler(reads="reserved", guarded_by="perms_mutex")
    def is_reserved(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, bool]:
        """Whether the masks keep the APQN for the host's default drivers."""
        return state, apqn in state.reserved

    @handler(reads="reserved", guarded_by="perms_mutex")
    def masks(self, state: ApBusState, by: Caller) -> Outcome[ApBusState, Matrix]:
        """apmask and aqmask."""
        return state, state.reserved

    @handler(reads="reserved", writes="reserved", guarded_by="perms_mutex")
    def set_masks(self, state: ApBusState, by: Caller, masks: Matrix) -> Outcome[ApBusState, None]:
        return (state if state.reserved == masks else attrs.evolve(state, reserved=masks)), None

    @handler(reads="reserved", writes="reserved", guarded_by="perms_mutex")
    def reserve(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, None]:
        """The administrator's masks now keep the APQN (with the whole cross it spans) for the host's drivers."""
        reserved = state.reserved.with_bit("apm", apqn.apid).with_bit("aqm", apqn.apqi)
        return attrs.evolve(state, reserved=reserved), None

    @handler(reads="boot", writes="boot")
    def boots(self, state: ApBusState, by: Caller, boot: Boot) -> Outcome[ApBusState, None]:
        """ap_module_init() is so far."""
        return attrs.evolve(state, boot=boot), None

    @handler(reads="boot")
    def has_scanned(self, state: ApBusState, by: Caller) -> Outcome[ApBusState, bool]:
        """Whether the first scan is done (ap_scan_bus_count)."""
        return state, state.boot == "scanned"

    @handler(reads="drivers boot", writes="drivers")
    def add_device(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, None]:
        """A scan has found a queue and made its device, without a driver yet; the queue's state machine starts.

        Finding: that arms the poll timer, which is not set up yet.
        """
        notes: tuple[Note, ...] = ()
        if state.boot == "begun":
            notes = (Oops("P9", "null-ptr-deref: the function of the poll timer is NULL"),)
        return attrs.evolve(state, drivers=state.drivers.set(apqn, "none")), None, notes

    @handler(reads="drivers", writes="drivers")
    def set_driver(self, state: ApBusState, by: Caller, apqn: Apqn, driver: Driver) -> Outcome[ApBusState, None]:
        """The probe that began with `begin_callback` has returned, and the device has this driver (or none)."""
        drivers = state.drivers.set(apqn, driver)
        return attrs.evolve(state, drivers=drivers), None, (Owes(("callback", apqn), -1),)

    @handler(reads="")
    def begin_callback(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, None]:
        """A driver's probe or remove begins; until its end the device is between two states."""
        return state, None, (Owes(("callback", apqn), 1),)

    @handler(reads="drivers", writes="drivers")
    def end_remove(self, state: ApBusState, by: Caller, apqn: Apqn, gone: bool) -> Outcome[ApBusState, None]:
        """A driver's remove has returned: the device has no driver, or is gone."""
        drivers = state.drivers.discard(apqn) if gone else state.drivers.set(apqn, "none")
        return attrs.evolve(state, drivers=drivers), None, (Owes(("callback", apqn), -1),)

    @handler(reads="drvdata", writes="drvdata")
    def set_drvdata(
        self, state: ApBusState, by: Caller, apqn: Apqn, generation: int | None
    ) -> Outcome[ApBusState, None]:
        if generation is None:
            return attrs.evolve(state, drvdata=state.drvdata.discard(apqn)), None
        return attrs.evolve(state, drvdata=state.drvdata.set(apqn, generation)), None

    @handler(reads="drivers drvdata")
    def driver_find_device(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, int | None]:
        """Walk the devices that are bound to vfio_ap, looking for the APQN in what their drvdata points to.

        Replies that drvdata, None when no device has it. Oops (P9): one on the way has none, as its remove is not over.
        """
        for device in sorted(d for d, driver in state.drivers.items() if driver == "vfio_ap"):
            if device not in state.drvdata:
                return state, None, (Oops("P9", f"null-ptr-deref: the drvdata of queue device {device} is NULL"),)
            if device == apqn:
                return state, state.drvdata[device]
        return state, None

    @handler(reads="drvdata")
    def get_drvdata(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, int | None]:
        return state, state.drvdata.get(apqn)

    @handler(reads="drvdata")
    def follow_drvdata(self, state: ApBusState, by: Caller, apqn: Apqn) -> Outcome[ApBusState, int]:
        """The same for who does not look whether it is there. Finding: it is NULL."""
        if apqn not in state.drvdata:
            return state, 0, (Oops("P9", f"null-ptr-deref: the drvdata of {apqn} is NULL"),)
        return state, state.drvdata[apqn]
