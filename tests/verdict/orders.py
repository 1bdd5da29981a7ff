"""An era with a documented lock order, and a scenario that keeps it; switch `turned` adds a context that does not."""

from __future__ import annotations

from aprt.core.documented_order import DocumentedOrder
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.switch import FLAG, Switch
from aprt.core.system import Context, System
from aprt.kernel.cell import Cell
from aprt.kernel.held import held, reading, writing
from aprt.kernel.mutex import Mutex
from aprt.kernel.rules import LOCK_ORDER
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock


def nested(settings: Settings) -> Model:
    outer, hook, inner = Mutex("outer"), RwSem("vm0.hook", lock_class="hook"), Mutex("inner")
    spin, idle, cell = Spinlock("spin"), Mutex("idle"), Cell("cell", 0, outer)

    async def lookup() -> None:
        async with reading(hook):
            pass

    async def reader() -> None:
        async with held(outer):
            await cell.read()
            await lookup()

    async def writer() -> None:
        async with held(outer), held(inner), held(spin):
            pass

    async def stray() -> None:
        async with writing(hook), held(outer):
            pass

    turned = (Context("stray", stray),) if settings.on("turned") else ()
    contexts = (Context("reader", reader), Context("writer", writer), *turned)
    return Model(System((outer, hook, inner, spin, idle, cell), contexts), (LOCK_ORDER,), (), ())


ORDER = DocumentedOrder((("bus", "outer", "hook"), ("hook", "iommu")), innermost=("spin",))
ERA = Era(
    "order",
    "",
    (Switch("turned", "mutant", FLAG, "the hook's rwsem comes first"),),
    {"nested": Scenario("nested", "locks in their order", "", (), nested)},
    lock_order=ORDER,
)
