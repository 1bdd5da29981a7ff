"""A topology brought to life: its machine, the contexts of its script, as a scenario like any other.

The bus starts without devices and the mdevs do not exist: booting the host goes through the same scan, probe,
create and assign as an administrator's machine does.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import attrs
from pyrsistent import pmap

from aprt.core.amount import count
from aprt.core.errors import UserError
from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.ap_bus import ApBus, ApBusState
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.hardware import hardware
from aprt.vfio_ap.host.model import assemble
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.series.build import make_machine
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.topology import script
from aprt.vfio_ap.topology.script import Chain, Turn
from aprt.vfio_ap.topology.topology import Action, Bind, Boot, GuestDefinition, Kill, Topology, Unbind, VcpuAction
from aprt.vfio_ap.v4.properties import properties

MOST_QUEUES = 256  # devices that are built for a host; more are possible on a machine and of no use here
SHOWN = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P11", "P12", "P14", "P16", "P24", "P30")


def topology_scenario(topology: Topology, directory: str) -> Scenario:
    """The scenario that boots `topology` and runs its script. directory: where it came from, for verdicts and tokens.

    Raises: `UserError` when the host has more queues than can be built.
    """
    queues = topology.host.queues()
    if len(queues) > MOST_QUEUES:
        raise UserError(f"{directory}: the host has {len(queues):,} queues; give it at most {MOST_QUEUES}")
    guests = ", ".join(guest.name for guest in topology.guests)
    return Scenario(
        Path(directory).name,
        f"a host with {count(len(queues), 'queue')} and the guests {guests}",
        f"The host comes up, makes and assigns {count(len(topology.mdevs), 'mdev')}, and the script's "
        f"{count(len(topology.script.steps), 'step')}\nhappen in {topology.script.order} order.",
        SHOWN,
        partial(_build, topology),
        ("delivery",),
        directory,
    )


def _build(topology: Topology, settings: Settings) -> Model:
    plans = [_plan(guest) for guest in topology.guests]
    used = {guest.mdev for guest in topology.guests}
    spare = [mdev.uuid for mdev in topology.mdevs if mdev.uuid not in used]
    machine = make_machine(settings, topology.host.queues(), plans, spare)
    machine = attrs.evolve(machine, bus=_bus(machine, topology))
    chains, turns = _turns(topology)
    setup = Chain("host up")
    exited = {guest.name: Chain(f"{guest.name} exited") for guest in topology.guests}
    contexts = _contexts(machine, topology, turns, setup, exited)
    states: dict[str, Any] = {guest.vm.name: KvmState(0, live=False) for guest in machine.guests}
    states[machine.bus.name] = ApBusState(machine.bus.config, machine.bus.config, machine.bus.reserved, pmap(), pmap())
    extra = (*chains, setup, *exited.values())
    scope = (f"the script runs in {topology.script.order} order",)
    running = (*contexts, *hardware(machine))
    return assemble(machine, properties(machine), running, states, scope=scope, actors=extra)


def _plan(guest: GuestDefinition) -> GuestPlan:
    return GuestPlan(guest.name, guest.mdev, Matrix(), guest.vcpus, attached=False)


def _bus(machine: Machine, topology: Topology) -> ApBus:
    host = topology.host
    return attrs.evolve(
        machine.bus,
        config=host.config,
        reserved=host.reserved,
        max_adapter=host.max_adapter,
        max_domain=host.max_domain,
    )


def _turns(topology: Topology) -> tuple[tuple[Chain, ...], tuple[Turn, ...]]:
    """The script's steps, each with its place in a chain."""
    chains: dict[str, Chain] = {}
    counts: dict[str, int] = {}
    boots: dict[str | None, Turn] = {}
    turns = []
    for action in topology.script.steps:
        name = "script" if topology.script.order == "sequence" else _chain_name(action)
        chain = chains.setdefault(name, Chain(name))
        boot = boots.get(_guest_of(action))
        turn = Turn(chain, counts.get(name, 0), action, None if boot is None or boot.chain is chain else boot)
        if isinstance(action, Boot):
            boots[action.guest] = turn
        turns.append(turn)
        counts[name] = counts.get(name, 0) + 1
    return tuple(chains.values()), tuple(turns)


def _guest_of(action: Action) -> str | None:
    return None if isinstance(action, Unbind | Bind) else action.guest


def _chain_name(action: Action) -> str:
    match action:
        case Unbind() | Bind():
            return "administrator"
        case Kill(guest):
            return f"{guest} kill"
        case Boot(guest):
            return f"{guest} script"
        case _:
            return f"{action.guest}{'' if action.vcpu is None else f'.vcpu{action.vcpu}'} script"


def _contexts(
    machine: Machine, topology: Topology, turns: tuple[Turn, ...], setup: Chain, exited: dict[str, Chain]
) -> list[Context]:
    contexts = [Context("host", partial(script.host, machine, setup, topology.mdevs))]
    for guest in machine.guests:
        mine = [turn for turn in turns if _guest_of(turn.action) == guest.name]
        contexts += _guest_contexts(machine, guest, mine, setup, exited[guest.name])
    admin = tuple(turn for turn in turns if isinstance(turn.action, Unbind | Bind))
    if admin:
        contexts.append(Context("admin", partial(script.administrator, machine, setup, admin)))
    return contexts


def _guest_contexts(machine: Machine, guest: Guest, turns: list[Turn], setup: Chain, exited: Chain) -> list[Context]:
    boots = tuple(turn for turn in turns if isinstance(turn.action, Boot))
    kills = tuple(turn for turn in turns if isinstance(turn.action, Kill))
    contexts = [Context(f"{guest.name}.qemu", partial(script.qemu, machine, guest, setup, boots))]
    for vcpu, share in zip(guest.vcpus, _shares(turns, len(guest.vcpus)), strict=True):
        contexts.append(Context(vcpu.name, partial(script.vcpu_thread, machine, guest, vcpu, share)))
    for turn in kills:
        contexts.append(Context(f"{guest.name}.kill", partial(script.kill, guest, turn, exited)))
        contexts.append(Context(f"{guest.name}.exit", partial(script.exit_process, machine, guest, exited)))
    return contexts


def _shares(turns: list[Turn], vcpus: int) -> list[tuple[Turn, ...]]:
    """The steps of each vCPU, in order: those that name it, and its share of those that name none."""
    shares: list[list[Turn]] = [[] for _ in range(vcpus)]
    unnamed = 0
    for turn in turns:
        if not isinstance(turn.action, VcpuAction):
            continue
        if turn.action.vcpu is not None:
            shares[turn.action.vcpu].append(turn)
        else:
            shares[unnamed % vcpus].append(turn)
            unnamed += 1
    return [tuple(share) for share in shares]
