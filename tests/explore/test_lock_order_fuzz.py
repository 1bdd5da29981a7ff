"""The lock order that searches learn is the one that an enumerator sees, and so are the cycles in it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import permutations
from random import Random

import pytest

from aprt import Context, Mutex, System, explore
from aprt.core.effects import Call
from aprt.core.lock_order import Edge
from aprt.core.notes import Irq
from aprt.explore.replay import replay
from aprt.kernel.held import Section, held, masked, reading, writing
from aprt.kernel.rules import LOCK_ORDER
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer, timer_daemon
from tests.explore.enumerator import Machine
from tests.explore.programs.generated import generate

IRQS: tuple[Irq, ...] = ("hardirq", "softirq")
ASKS = {"lock": False, "down_read": True, "down_write": False}  # whether for reading


def sections(seed: int) -> System:
    """Two or three contexts, each with one or two nests of up to three locks: mutexes, and rwsems read or written."""
    lots = Random(seed)
    mutexes, rwsems = (
        (Mutex("A"), Mutex("B", lock_class="A" if lots.random() < 0.1 else None)),
        (RwSem("R"), RwSem("S")),
    )

    def section() -> tuple[str, Section]:
        lock = lots.choice((*mutexes, *rwsems))
        if isinstance(lock, Mutex):
            return lock.name, held(lock)
        return lock.name, reading(lock) if lots.random() < 0.7 else writing(lock)

    def nest() -> tuple[Section, ...]:
        drawn = dict(section() for _ in range(lots.randint(1, 3)))
        return tuple(drawn.values())

    async def enter(rest: tuple[Section, ...]) -> None:
        if rest:
            async with rest[0]:
                await enter(rest[1:])

    async def run(nests: tuple[tuple[Section, ...], ...]) -> None:
        for each in nests:
            await enter(each)

    programs = [tuple(nest() for _ in range(lots.randint(1, 2))) for _ in range(lots.randint(2, 3))]
    contexts = tuple(Context(f"t{i}", partial(run, nests)) for i, nests in enumerate(programs))
    return System((*mutexes, *rwsems), contexts)


def handlers(seed: int) -> System:
    """A task that nests spinlocks with interrupts off or on, a timer of a hard or a soft handler that does so, too."""
    lots = Random(seed)
    locks = tuple(Spinlock(name) for name in "ABC")
    timer = Timer("timer", irq=lots.choice(("hardirq", "softirq")))

    def nest(most: int) -> tuple[Section, ...]:
        outer, *inner = lots.sample(locks, lots.randint(1, most))
        return (held(outer) if lots.random() < 0.3 else masked(outer, lots.choice(IRQS)), *map(held, inner))

    async def enter(rest: tuple[Section, ...]) -> None:
        if rest:
            async with rest[0]:
                await enter(rest[1:])

    async def run(nests: tuple[tuple[Section, ...], ...]) -> None:
        await timer.arm()
        for each in nests:
            await enter(each)

    async def callback(locked: tuple[Section, ...]) -> bool:
        await enter(locked)
        return False

    nests = tuple(nest(3) for _ in range(lots.randint(1, 3)))
    daemon = Context("timer", partial(timer_daemon, timer, callback, nest(2)), daemon=True)
    return System((*locks, timer), (Context("task", partial(run, nests)), daemon))


def enumerated(system: System) -> tuple[set[Edge], set[str]]:
    """The edges, and the classes that are asked for exclusively, by looking at every world."""
    machine, edges, written = Machine(system), set[Edge](), set[str]()
    classes = {actor.name: actor.lock_class or actor.name for actor in system.actors}
    level = {machine.start()}
    while level:
        following = set()
        for world in level:
            following.update(step.after for step in machine.steps(world))
            for position in () if world.oopsed else world.positions:
                for irq in filter(position.caller.interruptible, IRQS):
                    edges.update(Edge(hold.lock, f"<{irq}>") for hold in position.caller.held if hold.spins)
                if not isinstance(position.effect, Call) or position.effect.op not in ASKS:
                    continue
                name, shared = position.effect.actor.name, ASKS[position.effect.op]
                written.update([] if shared else [classes[name]])
                if isinstance(position.effect.actor, Spinlock) and position.caller.irq is not None:
                    edges.add(Edge(f"<{position.caller.irq}>", name))
                if all(shared and hold.mode == "read" for hold in position.caller.held if hold.lock == name):
                    edges.update(
                        Edge(classes[hold.lock], classes[name], hold.mode == "read", shared)
                        for hold in position.caller.held
                    )
        level = following
    written.update(edge.asked for edge in edges if edge.asked.startswith("<"))
    return edges, written


def shortest(edges: set[Edge], written: set[str]) -> int | None:
    """The length of a shortest cycle, by trying all rows of edges, shorter ones first."""

    def waits(edge: Edge, other: Edge) -> bool:
        both_read = edge.asked_shared and other.held_shared
        return edge.asked == other.held and not (both_read and edge.asked not in written)

    for length in range(1, 5):
        for row in permutations(edges, length):
            if all(waits(row[i - 1], row[i]) for i in range(length)):
                return length
    return None


def assert_agreement(system: System) -> int | None:
    """The searches find the edges and a shortest cycle that the enumerator finds. Gives the length of the cycle."""
    edges, written = enumerated(system)
    length = shortest({edge for edge in edges if "<" not in edge.held + edge.asked}, written) or shortest(
        edges, written
    )
    texts = set()
    for strategy in ("states", "dpor", "dpor:source", "reduced"):
        found = explore(system, (LOCK_ORDER,), strategy=strategy, stop_on="all")
        assert found.stopped is None
        assert found.lock_order is not None
        assert (found.lock_order.edges, found.lock_order.written) == (edges, written), strategy
        texts.add(tuple(finding.text for finding in found.findings))
        assert [len(finding.parts) for finding in found.findings] == ([] if length is None else [length])
        for finding in found.findings:
            for shown in (finding,) if finding.is_whole() else finding.each():
                assert replay(system, shown.schedule, (shown.exactly(LOCK_ORDER),)).findings == (shown,)
    assert len(texts) == 1
    return length


def test_searches_and_enumerator_agree_on_36_random_programs_of_nested_locks() -> None:
    lengths = Counter(assert_agreement(sections(seed)) for seed in range(36))
    assert min(lengths[length] for length in (None, 1, 2)) >= 1


def test_searches_and_enumerator_agree_on_60_random_programs_with_handlers() -> None:
    lengths = Counter(assert_agreement(handlers(seed)) for seed in range(60))
    assert min(lengths[length] for length in (None, 2, 3)) >= 1


def test_searches_and_enumerator_agree_on_20_random_programs_of_every_kind() -> None:
    for seed in range(20):
        assert_agreement(generate(seed))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(8))
def test_searches_and_enumerator_agree_on_800_random_programs(block: int) -> None:
    lengths: Counter[int | None] = Counter()
    for seed in range(36 + 50 * block, 86 + 50 * block):
        lengths[assert_agreement(sections(seed))] += 1
        lengths[assert_agreement(generate(seed))] += 1
        lengths[assert_agreement(handlers(seed))] += 1
    assert min(lengths[length] for length in (None, 2)) >= 1
