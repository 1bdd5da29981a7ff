"""A device with two users, of whom the last one to leave is to free it: the race, and a repair."""

import attrs

from aprt import Actor, Caller, Context, Outcome, System, at_end, handler


@attrs.frozen
class DeviceState:
    users: int = 2
    freed: int = 0


@attrs.frozen(eq=False)
class Device(Actor[DeviceState]):
    """A device with two users. Whoever leaves last is to free it."""

    def initial(self) -> DeviceState:
        return DeviceState()

    @handler(writes="users")
    def leave(self, state: DeviceState, by: Caller) -> Outcome[DeviceState, int]:
        """One user less. Replies how many are left."""
        left = state.users - 1
        return attrs.evolve(state, users=left), left

    @handler(reads="users")
    def count(self, state: DeviceState, by: Caller) -> Outcome[DeviceState, int]:
        return state, state.users

    @handler(writes="freed")
    def free(self, state: DeviceState, by: Caller) -> Outcome[DeviceState, None]:
        return attrs.evolve(state, freed=state.freed + 1), None


device = Device("device")


async def close() -> None:
    await device.leave()
    if await device.count() == 0:
        await device.free()


async def put() -> None:
    if await device.leave() == 0:
        await device.free()


system = System((device,), (Context("alice", close), Context("bob", close)))

freed_once = at_end(
    "freed-once",
    (device,),
    lambda view: None if view(device).freed == 1 else f"freed {view(device).freed} times",
)


def repaired() -> System:
    return System((device,), (Context("alice", put), Context("bob", put)))
