"""What can be wrong between the files of a topology. Each check raises `UserError` about the first thing it finds.

The kernel finds most of this as well, as an errno of a write; a file is better refused before anything runs.
The order within an mdev is the kernel's: highest number, host configuration, reservation, another mdev.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType

from aprt.core.suggestion import did_you_mean
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.topology.input_file import InputFile
from aprt.vfio_ap.topology.topology import (
    CONFIG_MASKS,
    Bind,
    Boot,
    GuestAction,
    GuestDefinition,
    Host,
    Kill,
    MdevDefinition,
    QueueAction,
    Topology,
    Unbind,
    VcpuAction,
)

_NOUNS = MappingProxyType({"apm": "adapter", "aqm": "domain", "adm": "control domain"})


def check_mdevs(host: Host, mdevs: Mapping[InputFile, MdevDefinition]) -> None:
    """UUIDs are unique, every number is one of the host's, every APQN may be used and is in one mdev only."""
    names: dict[str, InputFile] = {}
    owners: dict[Apqn, InputFile] = {}
    for file, mdev in mdevs.items():
        if mdev.uuid in names:
            raise file.wrong("name", f"the same UUID as {names[mdev.uuid]}", "remove one of the two files")
        names[mdev.uuid] = file
        _check_numbers(file, mdev, host)
        for apqn in mdev.matrix.apqns():
            if apqn in host.reserved:
                advice = f"clear bit {apqn.apid} in sys/bus/ap/apmask or bit {apqn.apqi} in sys/bus/ap/aqmask"
                raise file.wrong("attrs", f"APQN {apqn} is reserved for the host's own drivers", advice)
            if apqn in owners:
                other = owners[apqn]
                raise file.wrong("attrs", f"APQN {apqn} is also assigned in {other}", "take it out of one of them")
            owners[apqn] = file


def check_guests(guests: Mapping[InputFile, GuestDefinition], mdevs: Mapping[InputFile, MdevDefinition]) -> None:
    """Names are unique; every guest's mdev is defined and is its own."""
    defined = {mdev.uuid for mdev in mdevs.values()}
    names: dict[str, InputFile] = {}
    users: dict[str, InputFile] = {}
    for file, guest in guests.items():
        if guest.name in names:
            raise file.wrong("name", f"{guest.name!r} is also the name in {names[guest.name]}", "rename one guest")
        names[guest.name] = file
        if guest.mdev not in defined:
            advice = f"add etc/mdevctl.d/matrix/{guest.mdev}"
            raise file.wrong("devices.hostdev", f"mdev {guest.mdev} is not defined", advice)
        if guest.mdev in users:
            reason = f"mdev {guest.mdev} is also used in {users[guest.mdev]}"
            raise file.wrong("devices.hostdev", reason, "give each guest an mdev of its own")
        users[guest.mdev] = file


def check_script(file: InputFile, topology: Topology) -> None:
    """Guests, queues and vCPUs are known; a guest boots once, acts while it is up, and only on queues it has."""
    booted: set[str] = set()
    killed: set[str] = set()
    for index, step in enumerate(topology.script.steps):
        place = f"step[{index}]"
        if not isinstance(step, Unbind | Bind):
            _check_life(file, place, step, topology, booted, killed)
            booted.add(step.guest)
        if isinstance(step, Kill):
            killed.add(step.guest)
        if not isinstance(step, Boot | Kill):
            _check_queue(file, place, step, topology)
        if not isinstance(step, Boot | Kill | Unbind | Bind):
            _check_vcpu(file, place, step, topology)


def _check_numbers(file: InputFile, mdev: MdevDefinition, host: Host) -> None:
    for index, assignment in enumerate(mdev.assignments):
        dimension, number = assignment.dimension, assignment.number
        field, noun = f"attrs[{index}].{assignment.attribute}", _NOUNS[dimension]
        if number > host.highest(dimension):
            limit = "ap_max_adapter_id" if dimension == "apm" else "ap_max_domain_id"
            reason = f"{noun} {number} is above {limit} ({host.highest(dimension)})"
            raise file.wrong(field, reason, "assign one that the machine has")
        if not host.config.has(dimension, number):
            mask = CONFIG_MASKS[dimension]
            reason = f"{noun} {number} is not in the host's {mask}"
            raise file.wrong(field, reason, f"assign one that is, or set bit {number} in sys/bus/ap/{mask}")


def _check_life(
    file: InputFile, place: str, step: GuestAction, topology: Topology, booted: Set[str], killed: Set[str]
) -> None:
    name, known = step.guest, [guest.name for guest in topology.guests]
    if name not in known:
        reason = f"unknown guest {name!r}{did_you_mean(name, known)}"
        raise file.wrong(f"{place}.guest", reason, "name a guest of guests/*.xml")
    if name in killed:
        raise file.wrong(f"{place}.guest", f"{name} was killed in an earlier step", "a guest lives once: use another")
    if isinstance(step, Boot) == (name in booted):
        reason = f"{name} has booted already" if name in booted else f"{name} has not booted yet"
        raise file.wrong(f"{place}.guest", reason, "boot each guest once, before its other steps")


def _check_queue(file: InputFile, place: str, step: QueueAction, topology: Topology) -> None:
    if step.queue not in topology.host.config:
        advice = "name one of sys/bus/ap/ap_adapter_mask x sys/bus/ap/ap_usage_domain_mask"
        raise file.wrong(f"{place}.queue", f"unknown queue {step.queue}: the host does not have it", advice)
    if isinstance(step, Unbind | Bind):
        return
    mdev = topology.mdev_of(step.guest)
    if step.queue not in mdev.matrix:
        reason = f"{step.guest} does not have queue {step.queue}"
        raise file.wrong(f"{place}.queue", reason, f"name one of its queues, or assign it in mdev {mdev.uuid}")


def _check_vcpu(file: InputFile, place: str, step: VcpuAction, topology: Topology) -> None:
    vcpus = topology.guest(step.guest).vcpus
    if step.vcpu is not None and step.vcpu >= vcpus:
        known = "0" if vcpus == 1 else f"one of 0..{vcpus - 1}"
        reason = f"{step.guest} has no vCPU {step.vcpu}"
        raise file.wrong(f"{place}.vcpu", reason, f"name {known}, or give the guest more")
