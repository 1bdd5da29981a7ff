"""An era with one scenario: a handler and the object that it uses, torn down in the wrong order, right, or wrongly."""

from __future__ import annotations

from aprt.core.properties import DEADLOCK, Noted, Property
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.switch import Switch
from aprt.core.system import Context, System
from aprt.kernel.held import held
from aprt.kernel.mutex import Mutex
from tests.explore.programs.cells import Cell, CellState
from tests.explore.programs.teardown import Thing


def teardown(settings: Settings) -> Model:
    desc, driver = Mutex("desc_lock"), Mutex("driver_lock")
    handler, thing = Cell("handler"), Thing("thing")
    order = settings["order"]

    async def unregister() -> None:
        async with held(desc):
            await handler.write(0)

    async def free() -> None:
        async with held(driver):
            await thing.free()

    async def remove() -> None:
        if order == "unregister_under_lock":
            async with held(driver):
                await unregister()
                await thing.free()
            return
        for step in (free, unregister) if order == "free_first" else (unregister, free):
            await step()

    async def irq() -> None:
        async with held(desc):
            if await handler.read():
                async with held(driver):
                    await thing.use()

    system = System(
        (desc, driver, handler, thing), (Context("irq", irq), Context("remove", remove)), {"handler": CellState(1)}
    )
    return Model(system, (Property("UAF", "no use after free", (Noted(),)), DEADLOCK), (), ())


ORDERS = ("free_first", "unregister_first", "unregister_under_lock")
ERA = Era(
    "irq",
    "",
    (Switch("order", "variant", ORDERS, "how the driver is removed"),),
    {"remove": Scenario("remove", "an interrupt meets the removal of its driver", "", ("UAF", "deadlock"), teardown)},
)
