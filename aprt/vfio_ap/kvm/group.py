"""vfio group: where kvm-vfio leaves the VM pointer and where the driver waits for it, through a notifier.

kvm-vfio records a VM in the group (`record`); a driver that has its device open registers a notifier. Whoever
changes the pointer calls the notifier, in its own context, and unregistering waits for calls in progress. In the lock
order the actor stands for the rwsem of the notifier chain: who calls a notifier reads it, who registers or unregisters
one writes it, and while the chain is empty nobody takes it for a call.

Mirrors: drivers/vfio/vfio.c: vfio_group_set_kvm(), vfio_register_group_notifier(),
vfio_unregister_group_notifier() (before 5.19).
Left out: containers, the group's own device count; that a VM may come between registering and the look at it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.chain import mirrors
from aprt.core.notes import Gave, Note, Took

Notifier: TypeAlias = Callable[[Any, str, str | None], Awaitable[int]]


@attrs.frozen
class GroupState:
    kvm: str | None = None  # the VM that kvm-vfio recorded
    notifier: str | None = None  # the mdev that has registered its group notifier
    calling: tuple[str, ...] = ()  # contexts inside the notifier, sorted


@attrs.frozen(eq=False)
class Group(Actor[GroupState]):
    """The group of one mediated device."""

    atomic = ("*",)  # the chain of notifiers has a lock of its own

    def initial(self) -> GroupState:
        return GroupState()

    @handler(reads="notifier calling", writes="kvm calling")
    def record(self, state: GroupState, by: Caller, vm: str | None) -> Outcome[GroupState, str | None]:
        """Set the VM pointer. Replies the mdev to notify, if any; the caller then is inside the notifier."""
        after = attrs.evolve(state, kvm=vm)
        return (after, None) if state.notifier is None else (_entered(after, by), state.notifier, self._reading)

    @handler(reads="kvm calling", writes="notifier calling", acquires="write")
    def register(self, state: GroupState, by: Caller, mdev: str) -> Outcome[GroupState, str | None]:
        """Register the notifier. Replies the VM recorded already: the caller then is inside the notifier."""
        after = attrs.evolve(state, notifier=mdev)
        return (after, None) if state.kvm is None else (_entered(after, by), state.kvm, self._reading)

    @property
    def _reading(self) -> tuple[Note, ...]:
        return (Took(self.hold("read"), asked=True),)

    @handler(reads="calling", writes="calling", orders="release")
    def called(self, state: GroupState, by: Caller) -> Outcome[GroupState, None]:
        """The notifier has returned."""
        left = list(state.calling)
        left.remove(by.context)
        return attrs.evolve(state, calling=tuple(left)), None, (Gave(self.name),)

    @handler(reads="calling", writes="notifier", orders="acquire", acquires="write")
    def unregister(self, state: GroupState, by: Caller) -> Outcome[GroupState, None]:
        """Blocks while the notifier runs in another context."""
        if any(context != by.context for context in state.calling):
            return BLOCK
        return attrs.evolve(state, notifier=None), None


def _entered(state: GroupState, by: Caller) -> GroupState:
    return attrs.evolve(state, calling=tuple(sorted((*state.calling, by.context))))


@mirrors("vfio_group_set_kvm")
async def group_set_kvm(group: Group, vm: str | None, notifier: Notifier, machine: Any) -> None:
    """kvm-vfio records a VM, or None; a notifier that is registered is called at once, for its mdev.

    What it returns is ignored, as the kernel's callers do.
    """
    mdev = await group.record(vm)
    if mdev is not None:
        await notifier(machine, mdev, vm)
        await group.called()


@mirrors("vfio_register_group_notifier")
async def register_notifier(group: Group, mdev: str, notifier: Notifier, machine: Any) -> None:
    """The driver wants to be told; it is, at once, of a VM that is recorded already."""
    vm = await group.register(mdev)
    if vm is not None:
        await notifier(machine, mdev, vm)
        await group.called()
