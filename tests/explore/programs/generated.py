"""Random programs: a seed gives a system of two to four contexts over cells, locks, mailboxes and an object.

A context interprets its operations from an awaited sub-behaviour and carries one register, so control states meet
nested await chains, live locals, iterators and values on the stack. Any use of a lock or object is allowed, wrong
ones too: what a rule says about it is part of what is compared.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any, TypeAlias

from aprt import Alike, Context, Mutex, System, choose
from aprt.kernel.cell import Cell as GuardedCell
from aprt.kernel.mailbox import Mailbox
from aprt.kernel.object import Object
from aprt.kernel.refcount import RefCount
from aprt.kernel.rwsem import RwSem
from tests.explore.programs.cells import Cell
from tests.explore.programs.teardown import ThingState

Op: TypeAlias = tuple[Any, ...]

MODULUS = 3  # registers and cells count modulo this
STEPS = 11  # operations of all contexts together, at most, unless told otherwise

# how often an operation is drawn, relative to the others
MEMORY = {"read": 3, "write": 3, "bump": 4, "sum": 2, "cas": 1, "guarded": 2}
LOCKS = {"lock": 1, "unlock": 1, "seize": 2, "down_read": 2, "up_read": 1, "down_write": 1, "up_write": 1, "enqueue": 1}
MESSAGES = {"send": 4, "receive": 2, "poll": 1}
OTHERS = {"choose": 2, "get": 2, "put": 2, "free": 1}
SECTIONS: tuple[tuple[Op, Op], ...] = (
    (("lock", 0), ("unlock", 0)),
    (("lock", 1), ("unlock", 1)),
    (("down_read",), ("up_read",)),
    (("down_write",), ("up_write",)),
)
WEIGHTS = {**MEMORY, **LOCKS, **MESSAGES, **OTHERS}


class Thing(Object[ThingState]):
    """An object whose use after free is an oops."""

    def initial(self) -> ThingState:
        return ThingState()


class World:
    """The actors of a program, and how its operations use them. An operation gives the new register."""

    def __init__(self) -> None:
        self.cells = (Cell("x"), Cell("y"))
        self.locks = (Mutex("m"), Mutex("n"))
        self.rwsem = RwSem("rwsem")
        self.boxes: tuple[Mailbox[int], ...] = (Mailbox("box"), Mailbox("small", 1))
        self.count, self.thing = RefCount("count"), Thing("thing")
        self.guarded = GuardedCell("guarded", 0, self.locks[0])
        self.actors = (*self.cells, *self.locks, self.rwsem, *self.boxes, self.count, self.thing, self.guarded)

    async def perform(self, op: Op, r: int) -> int:
        match op:
            case ("read", i):
                r = await self.cells[i].read()
            case ("write", i, value):
                await self.cells[i].write(value)
            case ("bump", i):
                await self.cells[i].write((r + 1) % MODULUS)
            case ("sum", i, j):
                r = (await self.cells[i].read() + await self.cells[j].read()) % MODULUS
            case ("cas", i):
                r = int(await self.cells[i].cas(r, 2))
            case ("lock", i):
                await self.locks[i].lock()
            case ("unlock", i):
                await self.locks[i].unlock()
            case ("seize", i):  # whether it was taken shows in what is held, and nowhere else
                await self.locks[i].trylock()
            case ("guarded",):
                await self.guarded.write(r)
            case ("trylock", i, then):
                if await self.locks[i].trylock():
                    r = await self.perform(then, r)
                    await self.locks[i].unlock()
            case ("if", then):
                r = await self.perform(then, r) if r else r
            case ("down_read" | "up_read" | "down_write" | "up_write" | "enqueue" as name,):
                await getattr(self.rwsem, name)()
            case ("send", i):
                await self.boxes[i].send(r)
            case ("receive", i):
                r = await self.boxes[i].receive()
            case ("poll", i):
                r = await self.boxes[i].receive_nowait() or 0
            case ("choose",):
                r = await choose("bit", 0, 1)
            case ("get",):
                r = int(await self.count.get_unless_zero())
            case ("put",):
                if await self.count.put():
                    await self.thing.free()
            case ("free",):
                await self.thing.free()
            case _:
                raise ValueError(f"no operation is called {op}")
        return r

    async def run(self, ops: tuple[Op, ...]) -> None:
        r = 0
        for op in ops:
            r = await self.perform(op, r)

    async def drain(self) -> None:
        """A daemon that empties the mailbox into a cell."""
        while True:
            await self.cells[0].write(await self.boxes[0].receive())


def simple(lots: Random) -> Op:
    """One operation that contains no other."""
    match lots.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]:
        case "write":
            return ("write", lots.randrange(2), lots.randrange(MODULUS))
        case "sum":
            return ("sum", lots.randrange(2), lots.randrange(2))
        case "read" | "bump" | "cas" | "lock" | "unlock" | "seize" | "send" | "receive" | "poll" as kind:
            return (kind, lots.randrange(2))
        case kind:
            return (kind,)


def operations(lots: Random, length: int) -> tuple[Op, ...]:
    """At least `length` operations; a lock that is taken with intent is given back."""
    ops: list[Op] = []
    while len(ops) < length:
        match lots.randrange(8):
            case 0 if length - len(ops) >= 3:
                take, give = lots.choice(SECTIONS)
                ops += [take, *operations(lots, length - len(ops) - 2), give]
            case 1:
                ops.append(("trylock", lots.randrange(2), simple(lots)))
            case 2:
                ops.append(("if", simple(lots)))
            case _:
                ops.append(simple(lots))
    return tuple(ops)


def generate(seed: int, steps: int = STEPS) -> System:
    """The program of this seed, with about so many steps."""
    lots, world = Random(seed), World()
    contexts = lots.randint(2, 4)
    programs = [operations(lots, lots.randint(2, min(5, steps // contexts))) for _ in range(contexts)]

    threads = [Context(f"t{i}", partial(world.run, ops)) for i, ops in enumerate(programs)]
    daemons = [Context("drain", world.drain, daemon=True)] if lots.random() < 0.2 else []
    return System(world.actors, (*threads, *daemons))


def generate_alike(seed: int) -> System:
    """Two or three contexts of one program, which are alike, and sometimes one of another program."""
    lots, world = Random(seed), World()
    names = tuple(f"t{i}" for i in range(lots.randint(2, 3)))
    ops = operations(lots, lots.randint(2, 3))
    threads = [Context(name, partial(world.run, ops)) for name in names]
    others = [Context("other", partial(world.run, operations(lots, 2)))] if lots.random() < 0.4 else []
    return System(world.actors, (*threads, *others), symmetry=(Alike(tuple((name,) for name in names)),))
