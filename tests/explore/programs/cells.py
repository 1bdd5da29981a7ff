"""Programs over shared memory cells. All cells start at 0, one step is one access.

Definitions and figures: the test suites of Concuerror, GenMC and Nidhugg, and Abdulla, Aronis, Jonsson,
Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014.
"""

from __future__ import annotations

from functools import partial

import attrs

from aprt import Actor, Caller, Context, Mutex, Outcome, System, handler


@attrs.frozen
class CellState:
    value: int = 0


@attrs.frozen(eq=False)
class Cell(Actor[CellState]):
    """One word of memory. Writing the value it has is still a write; a failed `cas` is a read."""

    def initial(self) -> CellState:
        return CellState()

    @handler(reads="value")
    def read(self, state: CellState, by: Caller) -> Outcome[CellState, int]:
        return state, state.value

    @handler(reads="", writes="value")
    def write(self, state: CellState, by: Caller, value: int) -> Outcome[CellState, None]:
        return CellState(value), None

    @handler(reads="value", writes="value")
    def add(self, state: CellState, by: Caller, count: int) -> Outcome[CellState, int]:
        """Atomic; replies the new value."""
        return CellState(state.value + count), state.value + count

    @handler(reads="value", writes="value")
    def cas(self, state: CellState, by: Caller, old: int, new: int) -> Outcome[CellState, bool]:
        """Write `new` if the value is `old`; replies whether it was."""
        return (CellState(new), True) if state.value == old else (state, False)


def inc(n: int) -> System:
    """n threads, each `r = x; x = r + 1`."""
    x = Cell("x")

    async def thread() -> None:
        r = await x.read()
        await x.write(r + 1)

    return System((x,), tuple(Context(f"t{i}", thread) for i in range(n)))


def longpad(n: int) -> System:
    """Two threads, each `r = x; x = r + 1`, the first one behind n steps of its own."""
    x, own = Cell("x"), Cell("own")

    async def increment() -> None:
        r = await x.read()
        await x.write(r + 1)

    async def padded() -> None:
        for i in range(n):
            await own.write(i)
        await increment()

    return System((x, own), (Context("t0", padded), Context("t1", increment)))


def long_chain(n: int) -> System:
    """A writer sets n flags in order; a reader reads them in order and stops at the first that is not set."""
    flags = tuple(Cell(f"a{i}") for i in range(n))

    async def writer() -> None:
        for flag in flags:
            await flag.write(1)

    async def reader() -> None:
        for flag in flags:
            if await flag.read() == 0:
                return

    return System(flags, (Context("w", writer), Context("r", reader)))


def ainc(n: int, cells: int = 1) -> System:
    """n threads, each one atomic increment of every cell."""
    xs = tuple(Cell(f"x{i}") for i in range(cells))

    async def thread() -> None:
        for x in xs:
            await x.add(1)

    return System(xs, tuple(Context(f"t{i}", thread) for i in range(n)))


def wainc(n: int) -> System:
    """One write beside n atomic increments."""
    x = Cell("x")

    async def writer() -> None:
        await x.write(42)

    async def thread() -> None:
        await x.add(1)

    return System((x,), (Context("w", writer), *(Context(f"t{i}", thread) for i in range(n))))


def lockinc(n: int, cells: int = 1) -> System:
    """n threads, each `lock; x = x + 1 for every cell; unlock`."""
    m = Mutex("m0")
    xs = tuple(Cell(f"x{i}") for i in range(cells))

    async def thread() -> None:
        await m.lock()
        for x in xs:
            r = await x.read()
            await x.write(r + 1)
        await m.unlock()

    return System((m, *xs), tuple(Context(f"t{i}", thread) for i in range(n)))


def cas(n: int) -> System:
    """n threads, thread i `CAS(x, 0 -> i + 1)`."""
    x = Cell("x")

    async def thread(i: int) -> None:
        await x.cas(0, i + 1)

    return System((x,), tuple(Context(f"t{i}", partial(thread, i)) for i in range(n)))


def casw(n: int) -> System:
    """n threads, thread i `CAS(x, 0 -> 1); x = i + 3`."""
    x = Cell("x")

    async def thread(i: int) -> None:
        await x.cas(0, 1)
        await x.write(i + 3)

    return System((x,), tuple(Context(f"t{i}", partial(thread, i)) for i in range(n)))


def lastwrite(n: int) -> System:
    """n threads write x."""
    x = Cell("x")

    async def thread(i: int) -> None:
        await x.write(i)

    return System((x,), tuple(Context(f"t{i}", partial(thread, i)) for i in range(n)))


def readers(n: int) -> System:
    """One thread writes x, n threads read it once."""
    x = Cell("x")

    async def writer() -> None:
        await x.write(42)

    async def reader() -> None:
        await x.read()

    return System((x,), (Context("w", writer), *(Context(f"r{i}", reader) for i in range(n))))


def lastzero(n: int) -> System:
    """Writer j of 1..n: `a[j] = a[j-1] + 1`; a reader looks for the last zero from a[n] downwards."""
    a = tuple(Cell(f"a{i}") for i in range(n + 1))

    async def reader() -> None:
        i = n
        while await a[i].read() != 0:
            i -= 1

    async def writer(j: int) -> None:
        before = await a[j - 1].read()
        await a[j].write(before + 1)

    writers = tuple(Context(f"w{j}", partial(writer, j)) for j in range(1, n + 1))
    return System(a, (Context("r", reader), *writers))


def popl() -> System:
    """The example of the POPL paper: A `x=1`; B `y=1`; C `if !y: z=1`; D `if z: if !y: x=2`."""
    x, y, z = cells = (Cell("x"), Cell("y"), Cell("z"))

    async def a() -> None:
        await x.write(1)

    async def b() -> None:
        await y.write(1)

    async def c() -> None:
        if await y.read() == 0:
            await z.write(1)

    async def d() -> None:
        if await z.read() == 1 and await y.read() == 0:
            await x.write(2)

    return System(cells, (Context("A", a), Context("B", b), Context("C", c), Context("D", d)))
