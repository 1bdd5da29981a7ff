"""Programs over arrays, where few pairs of many threads touch the same place.

Definitions: Flanagan and Godefroid, "Dynamic Partial-Order Reduction for Model Checking Software", POPL 2005, section
5; figures: Abdulla, Aronis, Jonsson, Sagonas, POPL 2014, and the test suites of Concuerror and GenMC.
"""

from __future__ import annotations

from functools import partial

from aprt import Context, Mutex, System
from tests.explore.programs.cells import Cell

INODES, BLOCKS = 32, 26
SIZE, KEYS = 128, 4


def filesystem(n: int) -> System:
    """n threads; each gives its inode a block, unless it has one: the first that is not busy."""
    inode_locks = tuple(Mutex(f"inode_lock{i}") for i in range(INODES))
    block_locks = tuple(Mutex(f"block_lock{b}") for b in range(BLOCKS))
    inodes = tuple(Cell(f"inode{i}") for i in range(INODES))
    busy = tuple(Cell(f"busy{b}") for b in range(BLOCKS))

    async def thread(t: int) -> None:
        i = t % INODES
        await inode_locks[i].lock()
        if await inodes[i].read() == 0:
            b = i * 2 % BLOCKS
            while True:
                await block_locks[b].lock()
                if await busy[b].read() == 0:
                    await busy[b].write(1)
                    await inodes[i].write(b + 1)
                    await block_locks[b].unlock()
                    break
                await block_locks[b].unlock()
                b = (b + 1) % BLOCKS
        await inode_locks[i].unlock()

    contexts = tuple(Context(f"t{t}", partial(thread, t)) for t in range(n))
    return System((*inode_locks, *block_locks, *inodes, *busy), contexts)


def indexer(n: int) -> System:
    """n threads; each inserts four keys into a hash table with linear probing."""
    table = tuple(Cell(f"table{h}") for h in range(SIZE))

    async def thread(t: int) -> None:
        for i in range(1, KEYS + 1):
            w = i * 11 + t
            h = w * 7 % SIZE
            while not await table[h].cas(0, w):
                h = (h + 1) % SIZE

    return System(table, tuple(Context(f"t{t}", partial(thread, t)) for t in range(n)))
