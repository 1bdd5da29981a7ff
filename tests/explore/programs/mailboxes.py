"""Programs that only send and receive. Mailboxes are unbounded and first in, first out."""

from __future__ import annotations

from functools import partial

from aprt import Context, System
from aprt.kernel.mailbox import Mailbox


def fan_in(senders: int, messages: int) -> System:
    """Every sender puts `messages` messages into one mailbox; one receiver takes them all."""
    inbox: Mailbox[int] = Mailbox("inbox")

    async def sender(i: int) -> None:
        for k in range(messages):
            await inbox.send(i * messages + k)

    async def receiver() -> None:
        for _ in range(senders * messages):
            await inbox.receive()

    contexts = tuple(Context(f"s{i}", partial(sender, i)) for i in range(senders))
    return System((inbox,), (*contexts, Context("r", receiver)))


def fan_in_out(clients: int) -> System:
    """Every client sends a request and waits for its reply; the server answers in order of arrival."""
    inbox: Mailbox[int] = Mailbox("inbox")
    replies: tuple[Mailbox[str], ...] = tuple(Mailbox(f"reply{i}") for i in range(clients))

    async def client(i: int) -> None:
        await inbox.send(i)
        await replies[i].receive()

    async def server() -> None:
        for _ in range(clients):
            i = await inbox.receive()
            await replies[i].send("done")

    contexts = tuple(Context(f"c{i}", partial(client, i)) for i in range(clients))
    return System((inbox, *replies), (*contexts, Context("server", server)))


def pipeline(stages: int, messages: int) -> System:
    """A chain of mailboxes: the first stage makes `messages` messages, every other passes them on."""
    boxes: tuple[Mailbox[int], ...] = tuple(Mailbox(f"box{i}") for i in range(stages))

    async def source() -> None:
        for k in range(messages):
            await boxes[0].send(k)

    async def stage(i: int) -> None:
        for _ in range(messages):
            message = await boxes[i].receive()
            if i + 1 < stages:
                await boxes[i + 1].send(message)

    contexts = tuple(Context(f"stage{i}", partial(stage, i)) for i in range(stages))
    return System(boxes, (Context("source", source), *contexts))


def ring(n: int) -> System:
    """A token goes once round a ring of n contexts."""
    boxes: tuple[Mailbox[str], ...] = tuple(Mailbox(f"box{i}") for i in range(n))

    async def first() -> None:
        await boxes[1 % n].send("token")
        await boxes[0].receive()

    async def other(i: int) -> None:
        token = await boxes[i].receive()
        await boxes[(i + 1) % n].send(token)

    others = tuple(Context(f"c{i}", partial(other, i)) for i in range(1, n))
    return System(boxes, (Context("c0", first), *others))


def ask_ask() -> System:
    """A asks B and waits for the reply, and B asks A: neither serves while it waits."""
    requests: dict[str, Mailbox[str]] = {name: Mailbox(f"{name}.requests") for name in "AB"}
    replies: dict[str, Mailbox[str]] = {name: Mailbox(f"{name}.replies") for name in "AB"}

    async def ask_then_serve(me: str, other: str) -> None:
        await requests[other].send(me)
        await replies[me].receive()
        client = await requests[me].receive()
        await replies[client].send("done")

    contexts = (Context("A", partial(ask_then_serve, "A", "B")), Context("B", partial(ask_then_serve, "B", "A")))
    return System((*requests.values(), *replies.values()), contexts)
