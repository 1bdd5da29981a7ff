"""A topology's script as behaviours: who does which step, and when it is its turn.

A `Chain` is a list of steps that begin one after the other. In a `sequence` there is one chain; in `any` order each
guest has its own, so has every vCPU that is named, the administrator, and every kill. A step is done by the thread
whose business it is: the vCPU that it names (without a name they take turns), the guest's QEMU, the administrator.
Steps of a guest that was killed are passed over.
"""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host import userspace
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.bus_scan import bind, scan, unbind
from aprt.vfio_ap.host.guest_code import Confirm, Dqap, Nqap, Reset, Wait, execute, interpreted_tapq
from aprt.vfio_ap.kvm.vcpu import Vcpu
from aprt.vfio_ap.memory import PAGE
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.mdev_sysfs import assign_control_domain
from aprt.vfio_ap.topology import topology as script


@attrs.frozen(eq=False)
class Chain(Actor[int]):
    """Its state is the number of the step whose turn it is, from 0."""

    atomic = ("*",)

    def initial(self) -> int:
        return 0

    @handler(orders="acquire")
    def turn(self, state: int, by: Caller, step: int) -> Outcome[int, None]:
        """Blocks until it is the turn of `step`."""
        return (state, None) if state >= step else BLOCK

    @handler(writes="*", orders="release")
    def over(self, state: int, by: Caller, step: int) -> Outcome[int, None]:
        """`step` has ended."""
        return max(state, step + 1), None


@attrs.frozen(eq=False)
class Turn:
    """One step of the script: its action, and its place in a chain. after: a step of another chain that comes first."""

    chain: Chain
    number: int
    action: script.Action
    after: Turn | None = None

    async def begins(self) -> None:
        """Waits until it is this step's turn."""
        if self.after is not None:
            await self.after.chain.turn(self.after.number + 1)
        await self.chain.turn(self.number)

    async def ends(self) -> None:
        """The step is done, or passed over."""
        await self.chain.over(self.number)


def nib_of(guest: Guest, apqn: Apqn) -> int:
    """Where a guest puts the notification byte of a queue: bytes next to each other in its first NIB page."""
    return (guest.memory.pages[0] << PAGE) + 0x10 + 16 * (apqn.apid % 16) + apqn.apqi % 16


async def host(machine: Machine, setup: Chain, mdevs: tuple[script.MdevDefinition, ...]) -> None:
    """The host comes up: the bus finds and binds the queues, mdevctl makes the devices and assigns to them."""
    await scan(machine)
    for definition in mdevs:
        mdev = machine.mdev(definition.uuid)
        await machine.ops.create(machine, mdev)
        for assignment in definition.assignments:
            if assignment.dimension == "adm":
                await assign_control_domain(machine, mdev, str(assignment.number))
            else:
                await machine.ops.assign(machine, mdev, assignment.dimension, str(assignment.number))
    await setup.over(0)


async def qemu(machine: Machine, guest: Guest, setup: Chain, boots: tuple[Turn, ...]) -> None:
    """The guest's QEMU: opens everything when it is its turn to boot."""
    await setup.turn(1)
    for boot in boots:
        await boot.begins()
        await userspace.open_everything(machine, guest)
        await boot.ends()


async def vcpu_thread(machine: Machine, guest: Guest, vcpu: Vcpu, turns: tuple[Turn, ...]) -> None:
    """One vCPU: does its share of the guest's steps, then leaves. A killed one passes its steps over."""
    for turn in turns:
        await turn.begins()
        if not await guest.process.signal_pending():
            await _guest_action(machine, guest, vcpu, turn.action)
        await turn.ends()
    await guest.process.leave(vcpu.name)


async def _guest_action(machine: Machine, guest: Guest, vcpu: Vcpu, action: script.Action) -> None:
    match action:
        case script.Enable(_, queue, isc):
            await execute(machine, guest, vcpu, Aqic(queue, True, isc, nib_of(guest, queue)))
            await execute(machine, guest, vcpu, Confirm(queue))
        case script.Disable(_, queue):
            await execute(machine, guest, vcpu, Aqic(queue, False))
        case script.Reset(_, queue):
            await execute(machine, guest, vcpu, Reset(queue))
        case script.Request(_, queue, count):
            for _ in range(count):
                await _request(machine, guest, vcpu, queue)
        case _:
            pass


async def _request(machine: Machine, guest: Guest, vcpu: Vcpu, apqn: Apqn) -> None:
    """One request and its reply: announced by an interrupt if the queue has one, polled for otherwise."""
    status = await interpreted_tapq(machine, guest, apqn)
    if status is None or status.rc is not Rc.NORMAL:
        return
    await execute(machine, guest, vcpu, Nqap(apqn))
    if status.irq_enabled:
        await execute(machine, guest, vcpu, Wait())
        await guest.memory.clear_nib(nib_of(guest, apqn))
    else:
        await _poll(machine, guest, apqn)
    await execute(machine, guest, vcpu, Dqap(apqn))


async def _poll(machine: Machine, guest: Guest, apqn: Apqn) -> None:
    while not await guest.process.signal_pending():
        status = await interpreted_tapq(machine, guest, apqn)
        if status is None or status.rc is not Rc.NORMAL or status.replies:
            return


async def kill(guest: Guest, turn: Turn, exited: Chain) -> None:
    """The kill of a guest: SIGKILL wakes idle vCPUs; the step ends when the process has closed its files."""
    await turn.begins()
    await userspace.kill(guest)
    await exited.turn(1)
    await turn.ends()


@mirrors("do_exit")
async def exit_process(machine: Machine, guest: Guest, exited: Chain) -> None:
    """do_exit() of a guest that the script kills."""
    await guest.process.last_thread_gone()
    await userspace.close_all(machine, guest)
    await exited.over(0)


async def administrator(machine: Machine, setup: Chain, turns: tuple[Turn, ...]) -> None:
    """Takes queues from their driver and lets the bus find one again."""
    await setup.turn(1)
    for turn in turns:
        await turn.begins()
        match turn.action:
            case script.Unbind(queue):
                await unbind(machine, queue)
            case script.Bind(queue):
                await bind(machine, queue, "zcrypt" if await machine.bus.is_reserved(queue) else "vfio_ap")
            case _:
                pass
        await turn.ends()
