"""Races by what their order changes: known ones, and those of random programs against all their executions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from contextlib import closing
from itertools import combinations

import attrs

from aprt.core.events import Event
from aprt.core.notes import Oops
from aprt.core.properties import DEADLOCK, After, History, Noted, Property, Wrong, at_end
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System
from aprt.explore.commuting.independence import StepInfo, dependent
from aprt.explore.conflicts.outcomes import Outcomes
from aprt.explore.conflicts.swaps import Swap, swaps
from aprt.explore.replay import replay
from tests.explore.enumerator import executions, paths
from tests.explore.programs.cells import Cell, inc, lockinc, popl
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import nested
from tests.explore.programs.teardown import pointer_teardown
from tests.explore.test_minimal import ends_with


def found(system: System, *properties: Property) -> tuple[Swap, ...]:
    with closing(Outcomes(system, properties, 10_000)) as outcomes:
        outcomes.explore()
        assert outcomes.complete
        return swaps(outcomes, system)


def told(races: tuple[Swap, ...]) -> dict[str, str]:
    return {f"{race.first[0]} {race.first[1]} | {race.second[0]} {race.second[1]}": race.harm for race in races}


def statistics() -> tuple[System, Cell]:
    """Two contexts count events, each in one step; a reader looks twice."""
    counter = Cell("packets")

    async def receive() -> None:
        await counter.add(1)

    async def report() -> None:
        await counter.read()
        await counter.read()

    contexts = (Context("rx0", receive), Context("rx1", receive), Context("reader", report))
    return System((counter,), contexts), counter


def monotone(counter: Cell) -> Property:
    """What is read is never less than what was read before."""

    def advance(memory: Hashable, event: Event) -> Hashable | Wrong:
        assert isinstance(memory, int)
        if event.op != "read":
            return memory
        return Wrong("less than before") if event.reply < memory else event.reply

    return Property("monotone", "", (History(0, (counter,), advance),))


def exact(counter: Cell) -> Property:
    """What is read is all that there is to count."""
    return Property(
        "exact", "", (After(counter, "read", (), lambda view, event: "too few" if event.reply < 2 else None),)
    )


def test_the_race_on_a_statistics_counter_is_benign_for_monotone_and_harmful_for_exact() -> None:
    system, counter = statistics()
    races = {
        "rx0 packets.add | rx1 packets.add",
        "rx0 packets.add | reader packets.read",
        "rx1 packets.add | reader packets.read",
    }
    assert told(found(system, monotone(counter))) == dict.fromkeys(races, "benign")
    judged = told(found(system, exact(counter)))
    assert judged.pop("rx0 packets.add | rx1 packets.add") == "benign"
    assert judged == dict.fromkeys(races - {"rx0 packets.add | rx1 packets.add"}, "harmful")


def test_a_lost_update_is_harmful_for_exact_and_a_matter_of_order_only_for_monotone() -> None:
    system = inc(2)
    (x,) = system.actors
    assert isinstance(x, Cell)
    reads = {"t0 x.read | t1 x.write", "t0 x.write | t1 x.read"}
    writes = "t0 x.write | t1 x.write"  # when both have read: the update is lost in either order
    lost = at_end("exact", (x,), lambda view: "lost" if view(x).value < 2 else None)
    assert told(found(system, lost)) == dict.fromkeys(reads, "harmful") | {writes: "inevitable"}
    relaxed = found(system, monotone(x))
    assert told(relaxed) == dict.fromkeys(reads, "order-only") | {writes: "benign"}
    assert {race.differ for race in relaxed if race.harm == "order-only"} == {("x",)}
    assert told(found(lockinc(2))) == {"t0 m0.lock | t1 m0.lock": "benign"}


def test_of_the_popl_program_the_harmful_races_are_its_necessary_order() -> None:
    assert told(found(popl(), ends_with(popl(), 2))) == {
        "A x.write | D x.write": "harmful",
        "B y.write | D y.read": "harmful",
        "C z.write | D z.read": "harmful",
        "B y.write | C y.read": "order-only",
    }


def test_either_order_has_an_execution_of_its_own_that_comes_to_what_is_said() -> None:
    uaf = Property("UAF", "", (Noted(),))
    system = pointer_teardown()
    read, use = found(system, uaf)
    assert (use.first, use.second, use.harm) == (("irq", "thing.use"), ("owner", "thing.free"), "harmful")
    for race, verdicts in ((read, ["UAF", None]), (use, [None, "UAF"])):
        assert [one.verdict for one in race.both] == verdicts
        for one, sides in zip(race.both, ((race.first, race.second), (race.second, race.first)), strict=True):
            steps = [(label.context, label.op) for label in one.schedule]
            assert sides[1] not in steps or steps.index(sides[0]) < steps.index(sides[1])
            run = replay(system, one.schedule, (uaf,))
            assert [f.property for f in run.findings] == ([] if one.verdict is None else ["UAF"])


def test_who_takes_a_lock_first_decides_on_a_deadlock() -> None:
    races = found(nested("AB", "BA"))
    assert told(races) == {"t0 A.lock | t1 A.lock": "harmful", "t0 B.lock | t1 B.lock": "harmful"}
    assert {one.verdict for race in races for one in race.both} == {"deadlock", None}


def test_there_may_be_any_number_of_properties() -> None:
    y = Cell("y")

    async def one() -> None:
        await y.write(1)

    async def two() -> None:
        await y.write(2)

    wrong = [at_end(f"wrong{i}", (y,), lambda view: "in every end") for i in range(70)]
    last = at_end("last", (y,), lambda view: "one was last" if view(y).value == 1 else None)
    system = System((y,), (Context("a", one), Context("b", two)))
    assert told(found(system, *wrong, last)) == {"a y.write | b y.write": "harmful"}
    (race,) = found(system, *wrong)
    assert (race.harm, race.verdicts, race.both) == ("inevitable", tuple(property.id for property in wrong), ())


def test_an_order_after_which_no_end_can_be_reached_is_harmful() -> None:
    flag, never = Cell("flag"), Cell("never")

    async def wait() -> None:
        if not await flag.read():
            while not await never.read():
                pass

    async def raise_it() -> None:
        await flag.write(1)

    system = System((flag, never), (Context("a", wait), Context("b", raise_it)))
    (race,) = found(system)
    assert (race.first, race.second, race.harm) == (("a", "flag.read"), ("b", "flag.write"), "harmful")
    assert [(len(one.schedule), one.verdict) for one in race.both] == [(2, "hang"), (2, None)]


Outcome = Hashable
Prefix = tuple[Label, ...]


@attrs.frozen
class Tree:
    """All executions of a system, each up to its first violation. after: by prefix, the events that can follow."""

    outcomes: dict[Prefix, Outcome]
    after: dict[Prefix, dict[Label, Event]]

    @classmethod
    def of(cls, system: System, property: Property) -> Tree:
        tree = cls({}, defaultdict(dict))
        for steps, _ in executions(system):
            schedule = Schedule.of((step.info.context, step.info.op) for step in steps)
            run = replay(system, schedule, (property,))
            length = len(run.findings[0].schedule) if run.findings else len(schedule)
            events = run.events[:length]
            for i, event in enumerate(events):
                tree.after[schedule.labels[:i]][event.label] = event
            verdicts = {property.id} if run.findings else set()
            verdicts |= {note.property for event in events[-1:] for note in event.notes if isinstance(note, Oops)}
            if length == len(schedule) and run.ending == "deadlock":
                verdicts.add("deadlock")
            last = {event.actor: event.state for event in events if event.actor is not None}
            ends = tuple((name, last.get(name, value)) for name, value in system.initial().items())
            tree.outcomes[schedule.labels[:length]] = frozenset(verdicts) or ends
        return tree

    def verdicts(self, prefix: Prefix) -> set[Outcome]:
        outcomes = [one for steps, one in self.outcomes.items() if steps[: len(prefix)] == prefix]
        well = {"well"} if self.ends(prefix) else set()
        return {verdict for one in outcomes if isinstance(one, frozenset) for verdict in one} | well

    def ends(self, prefix: Prefix) -> set[Outcome]:
        outcomes = (one for steps, one in self.outcomes.items() if steps[: len(prefix)] == prefix)
        return {one for one in outcomes if not isinstance(one, frozenset)}

    def in_order(self, prefix: Prefix, first: Label, context: str) -> Prefix:
        """After the first step, and the one of the other context, if that can come then."""
        both = (*prefix, first)
        return next(((*both, label) for label in self.after.get(both, {}) if label.context == context), both)


def harms(system: System, property: Property) -> dict[str, str]:
    """By the definition."""
    tree, worst = Tree.of(system, property), dict[str, str]()
    actors = {actor.name: actor for actor in system.actors}
    order = ["inevitable", "benign", "order-only", "harmful"]
    places = [context.name for context in system.contexts]
    for prefix, events in list(tree.after.items()):
        for one, other in combinations(sorted(events, key=lambda label: places.index(label.context)), 2):
            a, b = events[one], events[other]
            if one.context == other.context or a.actor is None or a.actor != b.actor:
                continue
            if not dependent(StepInfo.of(a, actors[a.actor]), StepInfo.of(b, actors[a.actor])):
                continue
            ways = tree.in_order(prefix, one, other.context), tree.in_order(prefix, other, one.context)
            harm = "benign" if tree.ends(ways[0]) else "inevitable"
            harm = "order-only" if tree.ends(ways[0]) != tree.ends(ways[1]) else harm
            harm = "harmful" if tree.verdicts(ways[0]) != tree.verdicts(ways[1]) else harm
            key = f"{one.context} {one.op} | {other.context} {other.op}"
            worst[key] = max(worst.get(key, "inevitable"), harm, key=order.index)
    return worst


def test_the_races_of_random_programs_are_those_of_all_their_executions() -> None:
    seen: defaultdict[str, int] = defaultdict(int)
    for seed in range(60):
        system = generate(seed, 8)
        if paths(system) > 120:
            continue
        for property in (DEADLOCK, ends_with(system, 1)):
            expected = harms(system, property)
            assert told(found(system, property)) == expected, seed
            for harm in expected.values():
                seen[harm] += 1
    assert dict(seen) == {"benign": 11, "harmful": 4, "inevitable": 9, "order-only": 8}
