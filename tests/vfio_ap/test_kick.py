"""Kicking idle vCPUs, and how a vCPU idles."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Owes
from aprt.vfio_ap.kvm.gisa import GisaState
from aprt.vfio_ap.kvm.gisa_int import GisaIntState
from aprt.vfio_ap.kvm.gisa_switches import V4, GisaRules
from aprt.vfio_ap.kvm.kick import gisa_vcpu_kicker, kick_single_vcpu
from aprt.vfio_ap.kvm.vcpu import Vcpu, VcpuState, wait_for_interrupt
from tests.vfio_ap.gisa_systems import Host, alone, host, registered_once

VCPU = Vcpu("vm0.v0", cr6=0x18)
AWAKE = VcpuState(cr6=0x18)
PREPARED, ASLEEP = attrs.evolve(AWAKE, sleep="prepared"), attrs.evolve(AWAKE, sleep="asleep")
SIGNALLED = attrs.evolve(AWAKE, signalled=True)
CLOSED = attrs.evolve(AWAKE, io_open=False)
KICKED = (Owes(("kick", "vm0.v0"), -1),)


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (VCPU.answer(True, 3, 0x3F00, 7, 3), AWAKE, (attrs.evolve(AWAKE, cc=3, gr1=7), None, ())),
        (VCPU.operation_exception(), AWAKE, (attrs.evolve(AWAKE, exception=True), None, ())),
        (VCPU.open_mask(), AWAKE, (AWAKE, 0x18, ())),
        (VCPU.open_mask(), CLOSED, (CLOSED, None, ())),
        (VCPU.prepare(), AWAKE, (PREPARED, None, ())),
        (VCPU.schedule(), PREPARED, (ASLEEP, True, ())),
        (VCPU.schedule(), AWAKE, (AWAKE, True, ())),  # woken since prepare
        (VCPU.schedule(), attrs.evolve(PREPARED, signalled=True), (SIGNALLED, False, ())),
        (VCPU.sleep(), ASLEEP, BLOCK),
        (VCPU.sleep(), AWAKE, (AWAKE, None, ())),
        (VCPU.finish(), PREPARED, (AWAKE, None, ())),
        (VCPU.wake(), ASLEEP, (AWAKE, None, KICKED)),
        (VCPU.wake(), AWAKE, (AWAKE, None, KICKED)),
        (VCPU.signal(), ASLEEP, (SIGNALLED, None, ())),
    ],
)
def test_a_vcpu_changes_in_one_step(call: Call[Any], before: VcpuState, expected: Any) -> None:
    assert call.actor.handle(before, call, Caller("x")) == expected


def test_a_vcpu_is_open_for_nothing_when_its_psw_is_closed() -> None:
    assert (AWAKE.open, CLOSED.open, VCPU.vm) == (0x18, 0, "vm0")


FIXED = GisaRules(keep_deliverable=True)
ALL, THREE, FIVE = 0xFF, 0x10, 0x04


def kick(here: Host, pending: int, kicked: tuple[str, ...] = (), closed: tuple[str, ...] = ()) -> list[str]:
    """Which vCPUs a kick for `pending` wakes, all of them being idle."""
    vcpus = here.vms[0].vcpus
    idle = GisaIntState("vm0.gisa", kicked=kicked, idle=tuple(v.name for v in vcpus))
    states = here.system(()).initial() | {"vm0.gisa_int": idle}
    for vcpu in vcpus:
        states[vcpu.name] = VcpuState(cr6=vcpu.cr6, io_open=vcpu.name not in closed, sleep="asleep")
    _, states, _ = alone(kick_single_vcpu(here.vms[0].parts, vcpus, pending), states)
    return [vcpu.name for vcpu in vcpus if states[vcpu.name].sleep == "awake"]


@pytest.mark.parametrize(
    ("rules", "masks", "kicked", "closed", "woken"),
    [
        (V4, (ALL, ALL), (), (), ["vm0.vcpu0"]),
        (V4, (ALL, ALL), ("vm0.vcpu0",), (), []),
        (V4, (ALL, ALL), (), ("vm0.vcpu0",), ["vm0.vcpu1"]),
        (V4, (FIVE, THREE), (), (), []),  # B9
        (FIXED, (FIVE, THREE), (), (), ["vm0.vcpu1"]),
        (FIXED, (FIVE, FIVE), (), (), []),
    ],
)
def test_a_kick_wakes_at_most_one_vcpu(
    rules: GisaRules, masks: tuple[int, ...], kicked: tuple[str, ...], closed: tuple[str, ...], woken: list[str]
) -> None:
    assert kick(host(rules, masks=masks), THREE, kicked, closed) == woken


@pytest.mark.parametrize(("ipm", "again", "iam"), [(0x10, True, 0), (0x04, False, 0x10), (0, False, 0x10)])
def test_the_timer_fires_again_until_nothing_wanted_is_pending(ipm: int, again: bool, iam: int) -> None:
    here = host()
    parts, vcpus = here.vms[0].parts, here.vms[0].vcpus
    states = here.system(()).initial() | {"vm0.gisa": GisaState("vm0.gisa", ipm)}
    got, states, _ = alone(gisa_vcpu_kicker(parts, vcpus), states)
    assert (got, states["vm0.gisa"]) == (again, GisaState("vm0.gisa", ipm, iam, polled=again))


def wait(here: Host, gisa: GisaState, vcpu: VcpuState) -> tuple[int | None, dict[str, Any], list[str]]:
    parts = here.vms[0].parts
    states = here.system(()).initial() | {"vm0.gisa": gisa, "vm0.vcpu0": vcpu}
    return alone(wait_for_interrupt(parts, here.vms[0].vcpus[0]), states)


def test_an_idle_vcpu_takes_what_is_pending_before_it_leaves_sie() -> None:
    got, states, operations = wait(host(), GisaState("vm0.gisa", ipm=0x14), VcpuState())
    assert (got, states["vm0.gisa"]) == (3, GisaState("vm0.gisa", ipm=0x04))
    assert operations == ["vm0.vcpu0.open_mask", "vm0.gisa.enter", "vm0.gisa.leave"]


def test_a_closed_vcpu_does_not_wait_for_interrupts() -> None:
    got, _, operations = wait(host(), GisaState("vm0.gisa", ipm=0x14), VcpuState(io_open=False))
    assert (got, operations) == (None, ["vm0.vcpu0.open_mask"])


IDLE = [
    "vm0.vcpu0.open_mask",
    "vm0.gisa.enter",
    "vm0.gisa.leave",
    "vm0.gisa.read_word",
    "vm0.gisa_int.wanted",
    "vm0.gisa.restore_iam",
    "vm0.gisa_int.set_idle",
    "vm0.vcpu0.prepare",
]


@pytest.mark.parametrize(
    ("rules", "look"),
    [(V4, []), (GisaRules(clear_kicked=True), ["vm0.gisa_int.clear_kicked"])],
)
def test_a_signal_ends_an_idle_wait_and_leaves_the_vcpu_in_no_line(rules: GisaRules, look: list[str]) -> None:
    here = host(rules)
    got, states, operations = wait(here, GisaState("vm0.gisa"), VcpuState(signalled=True))
    assert got is None
    assert operations == [*IDLE, *look, "vm0.gisa.get_ipm", "vm0.vcpu0.schedule", "vm0.gisa_int.clear_idle"]
    assert states["vm0.vcpu0"] == VcpuState(signalled=True)
    assert states["vm0.gisa_int"] == registered_once(here.vms[0].parts)
    assert states["vm0.gisa"] == GisaState("vm0.gisa", iam=0x10)
