"""Dining philosophers as actors: philosophers and forks share nothing, they send messages to each other's mailboxes.

A philosopher asks for its left fork, then for its right one, eats, and gives both back, for ever. A fork serves one
philosopher after the other, in the order in which they ask, and says which fork it is. They may deadlock.
"""

from __future__ import annotations

from functools import partial

import attrs

from aprt import Context, System
from aprt.core.properties import DEADLOCK
from aprt.kernel.mailbox import Mailbox

PROPERTIES = (DEADLOCK,)


@attrs.frozen
class Fork:
    """The two mailboxes of a fork: philosophers that ask for it, and what comes when they have eaten."""

    requests: Mailbox[int]
    releases: Mailbox[None]


async def philosopher(me: int, inbox: Mailbox[int], left: Fork, right: Fork) -> None:
    while True:
        await left.requests.send(me)
        await inbox.receive()
        await right.requests.send(me)
        await inbox.receive()
        await left.releases.send(None)
        await right.releases.send(None)


async def serve(me: int, fork: Fork, inboxes: tuple[Mailbox[int], ...]) -> None:
    while True:
        asking = await fork.requests.receive()
        await inboxes[asking].send(me)
        await fork.releases.receive()


def system(n: int) -> System:
    """n philosophers and n forks."""
    inboxes = tuple(Mailbox[int](f"phil{i}.inbox", 1) for i in range(n))
    forks = tuple(Fork(Mailbox(f"fork{i}.requests", 2), Mailbox(f"fork{i}.releases", 1)) for i in range(n))
    mailboxes = (*inboxes, *(box for fork in forks for box in (fork.requests, fork.releases)))

    eating = (partial(philosopher, i, inboxes[i], forks[i], forks[(i + 1) % n]) for i in range(n))
    serving = (partial(serve, i, fork, inboxes) for i, fork in enumerate(forks))
    return System(
        mailboxes,
        (
            *(Context(f"phil{i}", start) for i, start in enumerate(eating)),
            *(Context(f"fork{i}", start, daemon=True) for i, start in enumerate(serving)),
        ),
    )
