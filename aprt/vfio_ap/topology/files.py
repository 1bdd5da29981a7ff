"""Reads a topology from a directory of files that users have.

    etc/mdevctl.d/matrix/UUID   one mediated device each, as mdevctl stores them (JSON)
    sys/bus/ap/...              the host's AP configuration, as sysfs prints it; all optional
    guests/*.xml                libvirt domains
    script.toml                 what happens

Each file is decoded here, by itself; what is wrong between files is `checks`'s business. Other files are
left alone, so that a copy of a real tree will do, and so is what editors leave behind. The format and its errors:
docs/reference/topology.md.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec
from msgspec import Meta

from aprt.vfio_ap.ap.apqn import HIGHEST, Apqn
from aprt.vfio_ap.topology.advice import mdev_complaint, script_complaint
from aprt.vfio_ap.topology.checks import check_guests, check_mdevs, check_script
from aprt.vfio_ap.topology.host import read_host
from aprt.vfio_ap.topology.input_file import InputFile
from aprt.vfio_ap.topology.topology import Assignment, Attribute, GuestDefinition, MdevDefinition, Script, Topology

MOST_VCPUS = 248  # of an s390 VM
_VCPUS = re.compile(r"[0-9]{1,4}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"0x[0-9a-f]{1,16}|0|[1-9][0-9]{0,17}", re.IGNORECASE | re.ASCII)
_GUEST_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)

_QUEUE_ADVICE = "write it as sysfs does"
_GUEST_ADVICE = "use the domain XML of libvirt, such as virsh dumpxml prints it"

_PARTS: Final = ("etc/mdevctl.d/matrix", "guests", "script.toml")

_AttributePair: TypeAlias = Annotated[dict[Attribute, str], Meta(min_length=1, max_length=1)]


class _MdevFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mdev_type: Literal["vfio_ap-passthrough"]
    start: Literal["auto", "manual"] = "manual"
    attrs: Annotated[tuple[_AttributePair, ...], Meta(max_length=1000)] = ()


class _DoctypeRefused(Exception):
    pass


class _NoDoctype(ElementTree.TreeBuilder):
    """Entities can only be declared in a DTD: without one they cannot grow without bound, or read other files."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise _DoctypeRefused


def load_topology(path: Path | str) -> Topology:
    """The topology that the directory holds, checked. Raises: `UserError`, one line about the first thing wrong."""
    root = Path(path)
    if not os.path.isdir(root):  # unlike Path.is_dir, never raises
        raise InputFile(root).wrong("type", "is not a directory", "name the directory of a topology")
    if not any(InputFile(root / part).exists() for part in _PARTS):
        reason = f"no topology: neither {' nor '.join(_PARTS)} is in it"
        raise InputFile(root).wrong("content", reason, "name a directory that has them, or a scenario (ERA/NAME)")
    mdevs = {file: read_mdev(file) for file in _some(root / "etc/mdevctl.d/matrix", "*", "a definition of mdevctl")}
    host = read_host(root / "sys/bus/ap", mdevs.values())
    check_mdevs(host, mdevs)
    guests = {file: read_guest(file) for file in _some(root / "guests", "*.xml", "a libvirt domain")}
    check_guests(guests, mdevs)
    script = InputFile(root / "script.toml")
    topology = Topology(
        host,
        mdevs=tuple(sorted(mdevs.values(), key=lambda mdev: mdev.uuid)),
        guests=tuple(sorted(guests.values(), key=lambda guest: guest.name)),
        script=read_script(script),
    )
    check_script(script, topology)
    return topology


def read_mdev(file: InputFile) -> MdevDefinition:
    """A device definition of mdevctl; the name of the file is the UUID. Raises: `UserError`."""
    if _UUID.fullmatch(file.path.name) is None:
        raise file.wrong("name", "not a UUID", "mdevctl names the file of an mdev after its UUID")
    try:
        content = msgspec.json.decode(file.text(), type=_MdevFile)
    except msgspec.ValidationError as error:
        raise file.wrong(*mdev_complaint(error)) from None
    except msgspec.DecodeError as error:
        raise file.wrong("syntax", f"not JSON: {error}", "write it as mdevctl does") from None
    assignments = []
    for index, pair in enumerate(content.attrs):
        ((attribute, value),) = pair.items()
        number = int(value, 0) if _NUMBER.fullmatch(value) else None
        if number is None or number > HIGHEST:
            reason = f"{value!r} is no number in 0..{HIGHEST}"
            advice = "write it decimal without leading zeros, or hexadecimal with 0x"
            raise file.wrong(f"attrs[{index}].{attribute}", reason, advice)
        assignments.append(Assignment(attribute, number))
    return MdevDefinition(file.path.name.lower(), content.start, tuple(assignments))


def read_guest(file: InputFile) -> GuestDefinition:
    """A libvirt domain: its name, number of vCPUs, and its one vfio-ap device. Raises: `UserError`."""
    try:
        domain = ElementTree.fromstring(file.text(), ElementTree.XMLParser(target=_NoDoctype()))
    except _DoctypeRefused:
        raise file.wrong("syntax", "a DTD (<!DOCTYPE ...>) is not accepted", _GUEST_ADVICE) from None
    except ElementTree.ParseError as error:
        raise file.wrong("syntax", f"not XML: {error}", _GUEST_ADVICE) from None
    if domain.tag != "domain":
        raise file.wrong("domain", f"the root element is {domain.tag}", _GUEST_ADVICE)
    name = domain.findtext("name", "").strip()
    if _GUEST_NAME.fullmatch(name) is None:
        raise file.wrong("name", f"{name!r} is no name of a guest", "use 1 to 64 letters, digits, '_', '-' or '.'")
    return GuestDefinition(name, _mdev_of(file, domain), _vcpus(file, domain))


def read_script(file: InputFile) -> Script:
    """What happens. Raises: `UserError`."""
    try:
        content = tomllib.loads(file.text())
    except ValueError as error:
        raise file.wrong("syntax", f"not TOML: {error}", "correct that place") from None
    except RecursionError:
        raise file.wrong("syntax", "nested too deeply", "a script is flat") from None
    steps = content.get("step")
    if isinstance(steps, list):
        content["step"] = [_with_apqn(file, index, step) for index, step in enumerate(steps)]
    try:
        return msgspec.convert(content, Script)
    except msgspec.ValidationError as error:
        raise file.wrong(*script_complaint(error, content)) from None


def _mdev_of(file: InputFile, domain: Element) -> str:
    devices = [
        device
        for device in domain.findall("devices/hostdev")
        if (device.get("type"), device.get("model")) == ("mdev", "vfio-ap")
    ]
    if len(devices) != 1:
        reason = f"{len(devices)} devices of type mdev and model vfio-ap"
        raise file.wrong("devices.hostdev", reason, "a guest of a topology has one")
    address = devices[0].find("source/address")
    uuid = "" if address is None else address.get("uuid", "")
    if _UUID.fullmatch(uuid) is None:
        raise file.wrong("devices.hostdev.source.address", f"{uuid!r} is not a UUID", "name the mdev by its UUID")
    return uuid.lower()


def _vcpus(file: InputFile, domain: Element) -> int:
    element = domain.find("vcpu")
    if element is None:
        return 1  # what libvirt assumes
    text = element.get("current", element.text or "").strip()
    if _VCPUS.fullmatch(text) is None or not 1 <= int(text) <= MOST_VCPUS:
        raise file.wrong("vcpu", f"{text!r} is no number in 1..{MOST_VCPUS}", "say how many vCPUs the guest has")
    return int(text)


def _with_apqn(file: InputFile, index: int, step: object) -> object:
    """The step with its queue as an `Apqn`: msgspec takes that as it is, but cannot make one of text."""
    if not isinstance(step, dict) or "queue" not in step:
        return step
    queue = step["queue"]
    try:
        if not isinstance(queue, str):
            raise ValueError(f"{type(queue).__name__} is no APQN such as '05.0004'")
        return step | {"queue": Apqn.parse(queue)}
    except ValueError as error:
        raise file.wrong(f"step[{index}].queue", str(error), _QUEUE_ADVICE) from None


def _some(directory: Path, pattern: str, what: str) -> tuple[InputFile, ...]:
    place = InputFile(directory)
    found = tuple(file for file in place.children() if file.path.match(pattern) and not file.leftover)
    if not found:
        raise place.wrong("content", f"no {pattern} in it", f"add {what}")
    return found
