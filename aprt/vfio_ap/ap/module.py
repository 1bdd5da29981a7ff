"""The vfio_ap module: its text can go away while somebody still runs in it.

Mirrors: kernel/module/main.c: try_module_get(), module_put(), delete_module.
Left out: the drain of RCU readers; loading; what the module's exit does (mdevs are removed, every queue is unbound, as
`bus_scan.unbind` does for one).
"""

from __future__ import annotations

import attrs

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.kernel.object import Object


@attrs.frozen
class ModuleState:
    live: bool = True
    refs: int = 0


@attrs.frozen(eq=False)
class Module(Object[ModuleState]):
    """`run` is a call into the module's text: an oops once it is unloaded."""

    atomic = ("*",)

    def initial(self) -> ModuleState:
        return ModuleState()

    @handler(reads="live refs", writes="refs", on_freed=True)
    def try_get(self, state: ModuleState, by: Caller) -> Outcome[ModuleState, bool]:
        if not state.live:
            return state, False
        return attrs.evolve(state, refs=state.refs + 1), True

    @handler(reads="refs", writes="refs", orders="release")
    def put(self, state: ModuleState, by: Caller) -> Outcome[ModuleState, None]:
        return attrs.evolve(state, refs=state.refs - 1), None

    @handler(reads="live")
    def run(self, state: ModuleState, by: Caller) -> Outcome[ModuleState, None]:
        return state, None

    @handler(reads="refs", writes="live", orders="acquire")
    def unload(self, state: ModuleState, by: Caller) -> Outcome[ModuleState, bool]:
        """delete_module: False (-EWOULDBLOCK) while somebody has a reference."""
        if state.refs:
            return state, False
        return attrs.evolve(state, live=False), True
