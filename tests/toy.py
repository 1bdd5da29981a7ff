"""A toy era: two textbook races, a choice and a large scenario, with switches of every kind."""

from __future__ import annotations

import attrs

from aprt.core.effects import choose
from aprt.core.properties import DEADLOCK, Property, always, at_end
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.switch import FLAG, Switch
from aprt.core.system import Behaviour, Context, System
from aprt.kernel.mutex import Mutex
from tests.counter import Counter


def titled(property: Property, title: str, text: str) -> Property:
    return attrs.evolve(property, title=title, text=text)


def lost_update(settings: Settings) -> Model:
    counter, mutex = Counter("counter"), Mutex("mutex")
    names = tuple("abcd"[: int(settings["threads"])])

    async def bump() -> None:
        value = await counter.load()
        await counter.store(value + 1)

    async def thread() -> None:
        if settings.on("atomic"):
            await counter.add(1)
        elif settings.on("locked"):
            await mutex.lock()
            await bump()
            if not settings.on("forget_unlock"):
                await mutex.unlock()
        else:
            await bump()

    lost = titled(
        at_end(
            "T1",
            (counter,),
            lambda view: f"counter is {view(counter).value}" if view(counter).value < len(names) else None,
        ),
        "no update is lost",
        "At the end the counter is the number of threads.",
    )
    bounded = titled(
        always("T2", (counter,), lambda view: None if view(counter).value < 9 else "too many"), "small", ""
    )
    return Model(
        System((counter, mutex), tuple(Context(name, thread) for name in names)),
        (lost, bounded),
        (f"{len(names)} threads, one update each",),
        (("memory", settings["memory"]),),
    )


def watched(settings: Settings) -> Model:
    """`lost_update`, which must not deadlock either."""
    model = lost_update(settings)
    return attrs.evolve(model, properties=(*model.properties, DEADLOCK))


def abba(settings: Settings) -> Model:
    a, b = Mutex("A"), Mutex("B")

    async def take(first: Mutex, second: Mutex) -> None:
        await first.lock()
        await second.lock()
        await second.unlock()
        await first.unlock()

    async def left() -> None:
        await take(a, b)

    async def right() -> None:
        await take(*((a, b) if settings["order"] == "same_order" else (b, a)))

    embrace = titled(
        always(
            "T3",
            (a, b),
            lambda view: "each waits for the other" if (view(a).owner, view(b).owner) == ("left", "right") else None,
        ),
        "no deadly embrace",
        "Never does each thread hold what the other wants.",
    )
    return Model(System((a, b), (Context("left", left), Context("right", right))), (embrace,), ("two threads",), ())


def doors(settings: Settings) -> Model:
    counter = Counter("counter")

    async def guest() -> None:
        await counter.add(await choose("door", 1, 2, 3))
        await counter.add(await choose("door", 1, 2, 3))

    five = titled(
        always("T4", (counter,), lambda view: "that is five" if view(counter).value == 5 else None),
        "never five",
        "",
    )
    return Model(System((counter,), (Context("guest", guest),)), (five,), ("one guest",), ())


def large(settings: Settings) -> Model:
    counters = tuple(Counter(f"counter{i}") for i in range(12))

    def worker(counter: Counter) -> Behaviour:
        async def work() -> None:
            for _ in range(6):
                await counter.add(1)

        return work()

    def started(counter: Counter) -> Context:
        return Context(counter.name.replace("counter", "worker"), lambda: worker(counter))

    never = titled(always("T5", counters[:1], lambda view: None), "nothing happens", "")
    return Model(System(counters, tuple(started(c) for c in counters)), (never,), ("12 workers, 6 steps each",), ())


SWITCHES = (
    Switch("locked", "measure", FLAG, "the update holds a mutex"),
    Switch("atomic", "measure", FLAG, "the update is one step"),
    Switch("order", "variant", ("cross_order", "same_order"), "in which order the right thread locks"),
    Switch("memory", "assumption", ("sc", "tso"), "how memory behaves"),
    Switch("forget_unlock", "mutant", FLAG, "the mutex is never released"),
    Switch("threads", "parameter", ("2", "3", "4"), "how many threads", built=True),
)

SCENARIOS = (
    Scenario("lost-update", "two threads add one", "Both read\nbefore either writes.", ("T1",), lost_update),
    Scenario("abba", "two locks in two orders", "Left takes A, right takes B.", ("T3",), abba),
    Scenario("doors", "a guest chooses twice", "The guest adds what is behind the door.", ("T4",), doors),
    Scenario("large", "many workers", "Nothing races, there is just a lot of it.", ("T5",), large),
    Scenario("tidy", "like lost-update, but locked", "Nothing is lost.", ("T1",), lost_update, preset=("locked",)),
)

TOY = Era(
    "toy",
    "textbook races",
    SWITCHES,
    {scenario.name: scenario for scenario in SCENARIOS},
    {"all-measures": ("locked", "atomic")},
)
ERAS = {"toy": TOY}

EMBRACE = """\
VIOLATED T3: no deadly embrace
  each waits for the other

  left                                right
  ----                                -----
  left()
    take()
      mutex_lock(A)
                                      right()
                                        take()
                                          mutex_lock(B)

reproduce   aprt replay aprt2:toy/abba:rgFjmI097Uqg
explain     aprt explain aprt2:toy/abba:rgFjmI097Uqg
            # all 2 steps, 1 switch
shrink      aprt shrink aprt2:toy/abba:rgFjmI097Uqg
            # to the fewest preemptions
size        shortest: no failing schedule with fewer steps exists
"""  # what is found in abba, as text
