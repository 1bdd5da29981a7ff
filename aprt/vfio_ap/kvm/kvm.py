"""kvm: a virtual machine as an object: its reference count, the PQAP hook, and whether it still lives.

How it is taken apart is told by `host.kvm_destroy`.

Mirrors: virt/kvm/kvm_main.c: kvm_get_kvm(), kvm_get_kvm_safe(), kvm_put_kvm();
arch/s390/include/asm/kvm_host.h: struct kvm_s390_crypto (pqap_hook, crycbd).
Left out: memory slots, the SCA, statistics, everything about vCPUs but their file's reference.
"""

from __future__ import annotations

from typing import TypeVar

import attrs

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.kernel import refcount
from aprt.kernel.object import Object

R = TypeVar("R")


@attrs.frozen
class KvmState:
    users: int  # VM fd, each vCPU fd, the kvm-vfio device fd, and whoever else holds a reference
    live: bool = True
    # guarded by pqap_hook_rwsem since 5.15 (B4), in the series by the measure hook_lock, else by nothing:
    hook: str | None = None  # kvm.arch.crypto.pqap_hook: the mdev whose handler takes PQAP

    crycbd: bool = True  # whether the VM has a crypto block at all


@attrs.frozen(eq=False)
class Kvm(Object[KvmState]):
    """One VM. `users` starts with what the scenario has open."""

    atomic = ("users",)

    users: int = 3
    crycbd: bool = True

    def initial(self) -> KvmState:
        return KvmState(self.users, crycbd=self.crycbd)

    @handler(reads="users", writes="users")
    def get(self, state: KvmState, by: Caller) -> Outcome[KvmState, None]:
        """kvm_get_kvm(). Finding: the count was already 0."""
        return _counted(state, refcount.inc(state.users, self.name, by))

    @handler(reads="users", writes="users", on_freed=True)
    def get_unless_zero(self, state: KvmState, by: Caller) -> Outcome[KvmState, bool]:
        """kvm_get_kvm_safe(): one reference more, unless the last one is gone. The caller's lock keeps the memory."""
        if not state.users:
            return state, False
        return attrs.evolve(state, users=state.users + 1), True

    @handler(reads="users", writes="users", orders="both")
    def put(self, state: KvmState, by: Caller) -> Outcome[KvmState, bool]:
        """Drop one reference; True: it was the last, and the caller destroys the VM. Finding: there was none."""
        return _counted(state, refcount.dec_and_test(state.users, self.name, by, self.name))

    @handler(reads="", writes="live users hook", on_freed=True)
    def create(self, state: KvmState, by: Caller) -> Outcome[KvmState, None]:
        """The VM comes into being, with the references of its own files."""
        return KvmState(self.users, crycbd=self.crycbd), None

    @handler(reads="hook")
    def read_hook(self, state: KvmState, by: Caller) -> Outcome[KvmState, str | None]:
        """The mdev whose handler is to be called, or None."""
        return state, state.hook

    @handler(reads="hook", writes="hook")
    def set_hook(self, state: KvmState, by: Caller, mdev: str | None) -> Outcome[KvmState, None]:
        return (state if state.hook == mdev else attrs.evolve(state, hook=mdev)), None

    @handler(reads="")
    def touch_lock(self, state: KvmState, by: Caller) -> Outcome[KvmState, None]:
        """Takes nothing: the memory of kvm->lock, which is an actor of its own, is part of this object.

        Sent where the lock is used although the VM may be freed, which is then an oops (P9).
        """
        return state, None

    @handler(reads="crycbd")
    def has_crycb(self, state: KvmState, by: Caller) -> Outcome[KvmState, bool]:
        return state, state.crycbd


def _counted(state: KvmState, counted: refcount.Counted[R]) -> Outcome[KvmState, R]:
    users, reply, notes = counted
    return (state if users == state.users else attrs.evolve(state, users=users)), reply, notes
