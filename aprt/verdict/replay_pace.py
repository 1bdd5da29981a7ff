"""How fast schedules are replayed on trio, compared with requests and replies through trio's own channels."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

import attrs
import trio

from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.sampling.random_walk import sample_schedules
from aprt.runtime.stage import Stage

_ROUND_TRIPS = 2_000  # of one measurement of channels


@attrs.frozen
class ReplayPace:
    """Counts, and the seconds of processor time that they took."""

    replays: int = 0
    messages: int = 0  # handled by actors in these replays, each with its answer
    seconds: float = 0.0  # for the replays
    round_trips: int = 0  # requests with their replies through memory channels between two trio tasks
    channel_seconds: float = 0.0  # for the round trips

    @property
    def replay_rate(self) -> float:
        return self.replays / self.seconds

    @property
    def message_rate(self) -> float:
        return self.messages / self.seconds

    @property
    def channel_rate(self) -> float:
        return self.round_trips / self.channel_seconds

    @property
    def ratio(self) -> float:
        """How many messages are handled, recorded and checked in the time that one round trip takes."""
        return self.message_rate / self.channel_rate


def replay_pace(system: System, schedules: int, times: int, seed: int = 0) -> ReplayPace:
    """Replay so many different random schedules of `system` on the same tasks, `times` times.

    Channels are measured in turn with them, so that a busy machine slows down both.
    """
    return trio.run(_measured, system, sample_schedules(system, schedules, seed=seed), times)


async def _measured(system: System, schedules: Sequence[Schedule], times: int) -> ReplayPace:
    async with Stage(system) as stage:
        pace = ReplayPace()
        messages = 0

        async def replay() -> None:
            nonlocal messages
            for schedule in schedules:
                await stage.replay(schedule)
                messages += sum(stage.statistics().handled.values())

        await replay()  # to fill caches
        messages = 0
        for _ in range(times):
            pace = attrs.evolve(
                pace,
                replays=pace.replays + len(schedules),
                seconds=pace.seconds + await _seconds(replay),
                messages=messages,
                round_trips=pace.round_trips + _ROUND_TRIPS,
                channel_seconds=pace.channel_seconds + await _seconds(_round_trips),
            )
        return pace


async def _round_trips() -> None:
    there, requests = trio.open_memory_channel[int](1)
    back, replies = trio.open_memory_channel[int](1)

    async def answer() -> None:
        async for request in requests:
            await back.send(request)

    async with trio.open_nursery() as nursery, there:
        nursery.start_soon(answer)
        for number in range(_ROUND_TRIPS):
            await there.send(number)
            await replies.receive()


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    begin = time.process_time()
    await work()
    return time.process_time() - begin
