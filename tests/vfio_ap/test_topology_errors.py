"""One line for every way in which the directory of a topology can be wrong."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from aprt.core.errors import UserError
from aprt.vfio_ap.ap.masks import format_mask
from aprt.vfio_ap.topology.files import load_topology
from tests.vfio_ap.three_guests import (
    BUS,
    DEMO,
    GUEST1,
    GUEST2,
    HOME,
    MDEV1,
    MDEV2,
    MDEVS,
    SCRIPT,
    UUID1,
    UUID2,
)

Edit = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the demo, to be damaged."""
    return Path(shutil.copytree(DEMO, tmp_path / "three-guests"))


def put(name: str, content: str | bytes) -> Edit:
    data = content.encode() if isinstance(content, str) else content
    return lambda root: (root / name).write_bytes(data)


def change(name: str, old: str, new: str) -> Edit:
    def edit(root: Path) -> None:
        text = (root / name).read_text()
        assert text.count(old) == 1
        (root / name).write_text(text.replace(old, new))

    return edit


def both(*edits: Edit) -> Edit:
    return lambda root: [edit(root) for edit in edits]


def remove(name: str) -> Edit:
    return lambda root: shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()


def directory(name: str) -> Edit:
    return both(remove(name), lambda root: (root / name).mkdir())


def step(*lines: str) -> Edit:
    """A script that boots Guest1 and then does this."""
    return put(SCRIPT, "\n".join(['[[step]]\ndo = "boot"\nguest = "Guest1"\n[[step]]', *lines]))


class Wrong(NamedTuple):
    """What is done to the demo, and the line that comes: `FILE: COMPLAINT; ADVICE`."""

    edit: Edit
    file: str
    complaint: str
    advice: str

    def line(self, root: str) -> str:
        return f"{root}/{self.file}: {self.complaint}; {self.advice}".replace("DIR", root)


PLAIN = "put a plain file there"
PUT = "put it there, or make it readable"
AS_MDEVCTL = "an mdev has mdev_type, start and attrs, such as mdevctl writes them"
NUMBER = "write it decimal without leading zeros, or hexadecimal with 0x"
AS_LIBVIRT = "use the domain XML of libvirt, such as virsh dumpxml prints it"
ONE_DEVICE = "a guest of a topology has one"
ASSIGNMENTS = "write a list of assign_adapter, assign_domain, assign_control_domain, each with one number in a string"
STEPS = "a step does boot, enable, disable, request, reset, kill, unbind or bind"
KEYS = "a script has era, with, without, order, and [[step]] tables"
TABLES = "write each step as a [[step]] table, 1 to 1000 of them"
SWITCHES = 'list switches, such as ["vm_ref", "wait_reset"]'
AS_SYSFS = "write it as sysfs does"
LIFE = "boot each guest once, before its other steps"

KILL1, QUEUE1 = ('do = "kill"', 'guest = "Guest1"'), ('guest = "Guest1"', 'queue = "05.0004"')
ADAPTER5, DOMAIN4 = '"assign_adapter": "5"', '"assign_domain": "4"'
ENTITIES = '<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><domain>&b;</domain>'

ANY_FILE = {
    "directory": Wrong(directory(SCRIPT), SCRIPT, "type: is a directory", PLAIN),
    "directory as mdev": Wrong(directory(MDEV1), MDEV1, "type: is a directory", PLAIN),
    "fifo": Wrong(
        both(remove(SCRIPT), lambda root: os.mkfifo(root / SCRIPT)),
        SCRIPT,
        "type: is neither file nor directory",
        PLAIN,
    ),
    "endless device": Wrong(
        both(remove(MDEV1), lambda root: (root / MDEV1).symlink_to("/dev/zero")),
        MDEV1,
        "type: is neither file nor directory",
        PLAIN,
    ),
    "100 MB": Wrong(
        lambda root: os.truncate(root / GUEST1, 100_000_000),
        GUEST1,
        "size: more than 1048576 bytes",
        "no file of a topology is that large",
    ),
    "not UTF-8": Wrong(
        put(f"{BUS}/apmask", b"0x\xff"), f"{BUS}/apmask", "encoding: not UTF-8 (byte 2)", "save it as UTF-8 text"
    ),
}

MISSING = {
    "no mdevctl": Wrong(remove(MDEVS), MDEVS, "access: No such file or directory", PUT),
    "no mdev": Wrong(directory(MDEVS), MDEVS, "content: no * in it", "add a definition of mdevctl"),
    "no guests": Wrong(remove("guests"), "guests", "access: No such file or directory", PUT),
    "no xml": Wrong(directory("guests"), "guests", "content: no *.xml in it", "add a libvirt domain"),
    "no script": Wrong(remove(SCRIPT), SCRIPT, "access: No such file or directory", PUT),
    "file as sysfs": Wrong(both(remove(BUS), put(BUS, "")), BUS, "access: Not a directory", PUT),
}

MDEVCTL = {
    "no UUID": Wrong(
        put(f"{MDEVS}/mdev1\n", "{}"),
        f"{MDEVS}/mdev1\\n",
        "name: not a UUID",
        "mdevctl names the file of an mdev after its UUID",
    ),
    "same UUID": Wrong(
        lambda root: shutil.copy(root / MDEV1, root / MDEVS / UUID1.upper()),
        MDEV1,
        f"name: the same UUID as DIR/{MDEVS}/{UUID1.upper()}",
        "remove one of the two files",
    ),
    "not JSON": Wrong(
        put(MDEV1, "mdev"),
        MDEV1,
        "syntax: not JSON: JSON is malformed: invalid character (byte 0)",
        "write it as mdevctl does",
    ),
    "cut off": Wrong(put(MDEV1, "{"), MDEV1, "syntax: not JSON: Input data was truncated", "write it as mdevctl does"),
    "JSON list": Wrong(put(MDEV1, "[]"), MDEV1, "top level: Expected `object`, got `array`", AS_MDEVCTL),
    "unknown field": Wrong(
        change(MDEV1, "start", "stort"), MDEV1, "top level: Object contains unknown field `stort`", AS_MDEVCTL
    ),
    "line break in field": Wrong(
        change(MDEV1, "start", "s\\nt"), MDEV1, "top level: Object contains unknown field `s\\nt`", AS_MDEVCTL
    ),
    "mdev type": Wrong(
        change(MDEV1, "vfio_ap", "vfio_ccw"),
        MDEV1,
        "mdev_type: Invalid enum value 'vfio_ccw-passthrough'",
        'write "vfio_ap-passthrough"',
    ),
    "start": Wrong(
        change(MDEV1, '"auto"', '"atuo"'), MDEV1, "start: Invalid enum value 'atuo'", 'write "auto" or "manual"'
    ),
    "unknown attribute": Wrong(
        change(MDEV1, DOMAIN4, '"asign_domain": "4"'),
        MDEV1,
        "attrs[2]: Invalid enum value 'asign_domain'",
        ASSIGNMENTS,
    ),
    "two in one": Wrong(
        change(MDEV1, DOMAIN4, f"{DOMAIN4}, {ADAPTER5}"),
        MDEV1,
        "attrs[2]: Expected `object` of length <= 1",
        ASSIGNMENTS,
    ),
    "number, not text": Wrong(
        change(MDEV1, '"4"', "4"), MDEV1, "attrs[2][...]: Expected `str`, got `int`", ASSIGNMENTS
    ),
    "out of range": Wrong(
        change(MDEV1, '"5"', '"256"'), MDEV1, "attrs[0].assign_adapter: '256' is no number in 0..255", NUMBER
    ),
    "negative": Wrong(
        change(MDEV1, '"0xab"', '"-1"'), MDEV1, "attrs[3].assign_domain: '-1' is no number in 0..255", NUMBER
    ),
    "octal": Wrong(change(MDEV1, '"4"', '"04"'), MDEV1, "attrs[2].assign_domain: '04' is no number in 0..255", NUMBER),
}

HOST = {
    "above the maximum": Wrong(
        change(MDEV1, '"5"', '"0x40"'),
        MDEV1,
        "attrs[0].assign_adapter: adapter 64 is above ap_max_adapter_id (63)",
        "assign one that the machine has",
    ),
    "not the host's": Wrong(
        change(MDEV1, '"5"', '"7"'),
        MDEV1,
        "attrs[0].assign_adapter: adapter 7 is not in the host's ap_adapter_mask",
        f"assign one that is, or set bit 7 in {BUS}/ap_adapter_mask",
    ),
    "not the host's control domain": Wrong(
        change(MDEV1, DOMAIN4, '"assign_control_domain": "5"'),
        MDEV1,
        "attrs[2].assign_control_domain: control domain 5 is not in the host's ap_control_domain_mask",
        f"assign one that is, or set bit 5 in {BUS}/ap_control_domain_mask",
    ),
    "reserved": Wrong(
        both(change(MDEV1, DOMAIN4, '"assign_domain": "22"'), change(MDEV1, '"5"', '"4"')),
        MDEV1,
        "attrs: APQN 04.0016 is reserved for the host's own drivers",
        f"clear bit 4 in {BUS}/apmask or bit 22 in {BUS}/aqmask",
    ),
    "shared": Wrong(
        change(MDEV2, '"0x47"', '"4"'),
        MDEV2,
        f"attrs: APQN 05.0004 is also assigned in DIR/{MDEV1}",
        "take it out of one of them",
    ),
    "short mask": Wrong(
        put(f"{BUS}/aqmask", "0xff\n"),
        f"{BUS}/aqmask",
        "mask: '0xff' is not a mask: 0x and 64 hexadecimal digits, bit 0 leftmost",
        "copy what sysfs prints",
    ),
    "mask above the maximum": Wrong(
        put(f"{BUS}/ap_adapter_mask", format_mask([5, 6, 64])),
        f"{BUS}/ap_adapter_mask",
        "bit 64: is set, but the highest number of the machine is 63",
        "clear the bit, or correct ap_max_adapter_id or ap_max_domain_id",
    ),
    "hexadecimal maximum": Wrong(
        put(f"{BUS}/ap_max_domain_id", "0xff\n"),
        f"{BUS}/ap_max_domain_id",
        "number: '0xff' is no number in 0..255",
        "write it decimal",
    ),
    "large maximum": Wrong(
        put(f"{BUS}/ap_max_domain_id", "256\n"),
        f"{BUS}/ap_max_domain_id",
        "number: '256' is no number in 0..255",
        "write it decimal",
    ),
}

GUESTS = {
    "not XML": Wrong(
        put(GUEST1, "<domain>"), GUEST1, "syntax: not XML: no element found: line 1, column 8", AS_LIBVIRT
    ),
    "entities": Wrong(put(GUEST1, ENTITIES), GUEST1, "syntax: a DTD (<!DOCTYPE ...>) is not accepted", AS_LIBVIRT),
    "external DTD": Wrong(
        put(GUEST1, '<!DOCTYPE domain SYSTEM "/etc/passwd"><domain/>'),
        GUEST1,
        "syntax: a DTD (<!DOCTYPE ...>) is not accepted",
        AS_LIBVIRT,
    ),
    "network": Wrong(put(GUEST1, "<network/>"), GUEST1, "domain: the root element is network", AS_LIBVIRT),
    "no name": Wrong(
        change(GUEST1, "<name>Guest1</name>", ""),
        GUEST1,
        "name: '' is no name of a guest",
        "use 1 to 64 letters, digits, '_', '-' or '.'",
    ),
    "same name": Wrong(
        change(GUEST2, "Guest2", "Guest1"),
        GUEST2,
        f"name: 'Guest1' is also the name in DIR/{GUEST1}",
        "rename one guest",
    ),
    "no vCPU": Wrong(
        change(GUEST1, "'static'>2<", "'static'>0<"),
        GUEST1,
        "vcpu: '0' is no number in 1..248",
        "say how many vCPUs the guest has",
    ),
    "no device": Wrong(
        change(GUEST1, "vfio-ap", "vfio-ccw"),
        GUEST1,
        "devices.hostdev: 0 devices of type mdev and model vfio-ap",
        ONE_DEVICE,
    ),
    "two devices": Wrong(
        change(GUEST1, "</devices>", "<hostdev type='mdev' model='vfio-ap'/></devices>"),
        GUEST1,
        "devices.hostdev: 2 devices of type mdev and model vfio-ap",
        ONE_DEVICE,
    ),
    "no address": Wrong(
        change(GUEST1, f"<address uuid='{UUID1}'/>", ""),
        GUEST1,
        "devices.hostdev.source.address: '' is not a UUID",
        "name the mdev by its UUID",
    ),
    "mdev not defined": Wrong(remove(MDEV2), GUEST2, f"devices.hostdev: mdev {UUID2} is not defined", f"add {MDEV2}"),
    "mdev used twice": Wrong(
        change(GUEST2, UUID2, UUID1.upper()),
        GUEST2,
        f"devices.hostdev: mdev {UUID1} is also used in DIR/{GUEST1}",
        "give each guest an mdev of its own",
    ),
}

SCRIPTS = {
    "not TOML": Wrong(
        put(SCRIPT, "era = \n"), SCRIPT, "syntax: not TOML: Invalid value (at line 1, column 7)", "correct that place"
    ),
    "deep TOML": Wrong(put(SCRIPT, "x = " + "[" * 100_000), SCRIPT, "syntax: nested too deeply", "a script is flat"),
    "unknown key": Wrong(
        change(SCRIPT, "order =", "ordre ="), SCRIPT, "top level: Object contains unknown field `ordre`", KEYS
    ),
    "order": Wrong(
        change(SCRIPT, '"sequence"', '"random"'),
        SCRIPT,
        "order: Invalid enum value 'random'",
        'write "sequence" or "any"',
    ),
    "no step": Wrong(put(SCRIPT, ""), SCRIPT, "top level: Object missing required field `step`", KEYS),
    "empty steps": Wrong(put(SCRIPT, "step = []"), SCRIPT, "step: Expected `array` of length >= 1", TABLES),
    "switches in a text": Wrong(
        change(SCRIPT, '["all-measures"]', '"vm_ref"'), SCRIPT, "with: Expected `array`, got `str`", SWITCHES
    ),
    "misspelt field of a step": Wrong(
        step('do = "request"', *QUEUE1, "cuont = 2"),
        SCRIPT,
        "step[1]: Object contains unknown field `cuont`",
        "a step that does request has guest, queue, count, vcpu",
    ),
    "no table": Wrong(put(SCRIPT, "step = [1]"), SCRIPT, "step[0]: Expected `object`, got `int`", STEPS),
    "unknown action": Wrong(step('do = "boott"'), SCRIPT, "step[1].do: Invalid value 'boott'", STEPS),
    "unknown field of a step": Wrong(
        step(*KILL1, "signal = 15"),
        SCRIPT,
        "step[1]: Object contains unknown field `signal`",
        "a step that does kill has guest",
    ),
    "field missing": Wrong(
        step('do = "kill"'), SCRIPT, "step[1]: Object missing required field `guest`", "a step that does kill has guest"
    ),
    "count": Wrong(
        step('do = "request"', *QUEUE1, "count = 0"),
        SCRIPT,
        "step[1].count: Expected `int` >= 1",
        "give a number of requests, 1..100",
    ),
    "isc": Wrong(
        step('do = "enable"', *QUEUE1, "isc = 8"),
        SCRIPT,
        "step[1].isc: Expected `int` <= 7",
        "give a guest interruption subclass, 0..7",
    ),
    "queue is no text": Wrong(
        step('do = "unbind"', "queue = {apid = 5, apqi = 4}"),
        SCRIPT,
        "step[1].queue: dict is no APQN such as '05.0004'",
        AS_SYSFS,
    ),
    "queue is no APQN": Wrong(
        step('do = "unbind"', 'queue = "5.4"'),
        SCRIPT,
        "step[1].queue: '5.4' is no APQN such as 05.0004 (2 and 4 hexadecimal digits)",
        AS_SYSFS,
    ),
    "queue out of range": Wrong(
        step('do = "unbind"', 'queue = "05.0100"'),
        SCRIPT,
        "step[1].queue: domain 0100 of 05.0100 is above 00ff",
        AS_SYSFS,
    ),
    "unknown queue": Wrong(
        step('do = "unbind"', 'queue = "07.0004"'),
        SCRIPT,
        "step[1].queue: unknown queue 07.0004: the host does not have it",
        f"name one of {BUS}/ap_adapter_mask x {BUS}/ap_usage_domain_mask",
    ),
    "queue of another guest": Wrong(
        step('do = "request"', 'guest = "Guest1"', 'queue = "05.0047"'),
        SCRIPT,
        "step[1].queue: Guest1 does not have queue 05.0047",
        f"name one of its queues, or assign it in mdev {UUID1}",
    ),
    "unknown guest": Wrong(
        step('do = "kill"', 'guest = "Gest1"'),
        SCRIPT,
        "step[1].guest: unknown guest 'Gest1' (did you mean 'Guest1'?)",
        "name a guest of guests/*.xml",
    ),
    "no such vCPU": Wrong(
        step('do = "enable"', *QUEUE1, "vcpu = 2"),
        SCRIPT,
        "step[1].vcpu: Guest1 has no vCPU 2",
        "name one of 0..1, or give the guest more",
    ),
    "negative vCPU": Wrong(
        step('do = "enable"', *QUEUE1, "vcpu = -1"),
        SCRIPT,
        "step[1].vcpu: Expected `int` >= 0",
        "give the number of a vCPU, from 0",
    ),
    "kill on a vCPU": Wrong(
        step(*KILL1, "vcpu = 0"),
        SCRIPT,
        "step[1]: Object contains unknown field `vcpu`",
        "a step that does kill has guest",
    ),
    "acts before boot": Wrong(
        step('do = "kill"', 'guest = "Guest2"'), SCRIPT, "step[1].guest: Guest2 has not booted yet", LIFE
    ),
    "boots twice": Wrong(
        step('do = "boot"', 'guest = "Guest1"'), SCRIPT, "step[1].guest: Guest1 has booted already", LIFE
    ),
    "acts after kill": Wrong(
        step(*KILL1, "[[step]]", *KILL1),
        SCRIPT,
        "step[2].guest: Guest1 was killed in an earlier step",
        "a guest lives once: use another",
    ),
}

WRONG = ANY_FILE | MISSING | MDEVCTL | HOST | GUESTS | SCRIPTS


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_directory_gets_one_line_with_file_field_reason_and_what_next(root: Path, case: str) -> None:
    WRONG[case].edit(root)
    with pytest.raises(UserError) as caught:
        load_topology(root)
    assert str(caught.value) == WRONG[case].line(str(root))


@pytest.mark.parametrize("name", ["script.toml", "nowhere", "nul\0", "n" * 5000])
def test_what_is_no_directory_is_no_topology(root: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"type: is not a directory; name the directory of a topology$"):
        load_topology(root / name)


@pytest.mark.parametrize("name", [f"{MDEVS}/.{UUID1}.swp", f"{MDEV1}~", f"{MDEVS}/#{UUID1}#", "guests/.#Guest1.xml"])
def test_what_editors_leave_behind_is_passed_over(root: Path, name: str) -> None:
    (root / name).symlink_to("nowhere")  # as the locks of Emacs are
    assert load_topology(root) == load_topology(DEMO)


def test_what_a_line_quotes_is_cut(root: Path) -> None:
    put(SCRIPT, "x" * 100_000 + " = 1")(root)
    with pytest.raises(UserError) as caught:
        load_topology(root)
    assert len(str(caught.value)) < len(str(root)) + 500
    assert "xxx...; " in str(caught.value)


def test_a_file_too_large_is_not_read(root: Path) -> None:
    os.truncate(root / SCRIPT, 1 << 42)
    with pytest.raises(UserError, match="size: more than 1048576 bytes"):
        load_topology(root)


def test_the_reference_shows_the_script_of_the_demo_and_lines_that_really_come() -> None:
    text = (HOME / "docs" / "reference" / "topology.md").read_text()
    assert (DEMO / SCRIPT).read_text() in text
    shown = re.findall(r"^three-guests/.+; .+$", text, re.MULTILINE)
    assert len(shown) == 14
    assert set(shown) <= {wrong.line("three-guests") for wrong in WRONG.values()}
