"""Programs whose locks, or what stands for locks, are taken in an order that is or is not a circle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from aprt import Actor, Context, Mutex, System, choose
from aprt.core.system import Behaviour
from aprt.kernel.attribute import Attribute
from aprt.kernel.completion import Completion
from aprt.kernel.flag import Flag
from aprt.kernel.held import held, reading, writing
from aprt.kernel.object import Object
from aprt.kernel.refcount import RefCount
from aprt.kernel.rwsem import RwSem
from aprt.kernel.timer import Timer, timer_daemon
from aprt.kernel.wait_queue import WaitQueue
from aprt.kernel.workqueue import Work, worker


@attrs.frozen
class GroupState:
    live: bool = True


def system(actors: tuple[Actor[Any], ...], **contexts: Callable[[], Behaviour]) -> System:
    """The context called `daemon` is one."""
    return System(actors, tuple(Context(name, start, daemon=name == "daemon") for name, start in contexts.items()))


def readers(*, writer: bool = False, writes_first: bool = False) -> System:
    """Two contexts read two rwsems in opposite orders; writer: a third one writes the first and then the second."""
    a, b = RwSem("A"), RwSem("B")

    async def forth() -> None:
        async with writing(a) if writes_first else reading(a), reading(b):
            pass

    async def back() -> None:
        async with reading(b), reading(a):
            pass

    async def write() -> None:
        async with writing(a):
            pass
        async with writing(b):
            pass

    return system((a, b), forth=forth, back=back, **({"write": write} if writer else {}))


def read_again(*, fair: bool) -> System:
    """One context reads what it reads already, another one writes. fair: a reader gives way to a writer that waits."""
    sem = RwSem("S", writer_first=fair)

    async def read() -> None:
        async with reading(sem), reading(sem):
            pass

    async def write() -> None:
        async with writing(sem):
            pass

    return system((sem,), read=read, write=write)


def trylocks(*, trying: bool) -> System:
    """One context takes A, then B; the other B, then A, but with a trylock when `trying`."""
    a, b = Mutex("A"), Mutex("B")

    async def forth() -> None:
        async with held(a), held(b):
            pass

    async def back() -> None:
        async with held(b):
            if not trying:
                await a.lock()
            elif not await a.trylock():
                return
            await a.unlock()

    return system((a, b), forth=forth, back=back)


def tried_first() -> System:
    """What a trylock has taken is held: the second lock is waited for under it, in both orders."""
    a, b = Mutex("A"), Mutex("B")

    async def take(first: Mutex, second: Mutex) -> None:
        if await first.trylock():
            async with held(second):
                pass
            await first.unlock()

    return system((a, b), forth=lambda: take(a, b), back=lambda: take(b, a))


def flagged(*, declared: bool = True, kvm_first: bool = False) -> System:
    """B3: the flag `busy` in place of a lock held while another one is taken.

    declared: the queue says that its waiters wait for the flag. kvm_first: the repair, real locks in one order.
    """
    matrix, kvm, vcpu = Mutex("matrix_lock"), Mutex("kvm_lock"), Mutex("vcpu_mutex")
    busy = Flag("kvm_busy", matrix)
    idle = WaitQueue("wait_for_kvm", busy.hold() if declared else None)

    async def set_kvm() -> None:
        async with held(kvm, when=kvm_first):
            async with held(matrix):
                await busy.set()
            async with held(kvm, when=not kvm_first):
                pass
            async with held(matrix):
                await busy.clear()
                await idle.wake_all()

    async def enable_pv() -> None:
        async with held(kvm), held(vcpu):
            pass

    async def handle_pqap() -> None:
        async with held(vcpu):
            await matrix.lock()
            while True:
                await idle.prepare()
                if await busy.is_clear():
                    break
                await matrix.unlock()
                await idle.schedule()
                await matrix.lock()
            await idle.finish()
            await matrix.unlock()

    actors = (matrix, kvm, vcpu, busy, idle)
    return system(actors, qemu=set_kvm, pv=enable_pv, vcpu0=handle_pqap)


def flushed(*, under: bool = True, twice: bool = False) -> System:
    """A work item that needs a lock is flushed, `under` that lock or after it; twice: once before it is ever queued."""
    lock, work = Mutex("lock"), Work("work")

    async def run() -> None:
        async with held(lock):
            pass

    async def flush() -> None:
        if twice:
            async with held(lock, when=under):
                await work.flush()
        await work.queue()
        async with held(lock, when=under):
            await work.flush()

    return system((lock, work), flusher=flush, daemon=lambda: worker(work, run))


def cancelled(*, under: bool) -> System:
    """A timer whose callback takes a lock is cancelled, `under` that lock or without it."""
    lock, timer = Mutex("lock"), Timer("timer")

    async def fires() -> bool:
        async with held(lock):
            return False

    async def cancel() -> None:
        await timer.arm()
        async with held(lock, when=under):
            await timer.cancel_sync()

    return system((lock, timer), canceller=cancel, daemon=lambda: timer_daemon(timer, fires))


def promised(*, under: bool, helped: bool = False) -> System:
    """A completion is waited for, `under` a lock that whoever completes it takes before, or without it.

    helped: a third context completes it, too.
    """
    lock, done = Mutex("lock"), Completion("done")

    async def wait() -> None:
        async with held(lock, when=under):
            await done.wait()

    async def complete() -> None:
        await done.promise()
        async with held(lock):
            pass
        await done.complete()

    async def help() -> None:
        await done.complete()

    contexts = {"helper": help} if helped else {}
    return system((lock, done), waiter=wait, completer=complete, **contexts)


def promised_in_turn(*, under: bool) -> System:
    """As `promised`, and two more promise to complete it, and never do: in turn they wait for what the waiter, and
    another one, promised, and go on. Whenever the completer waits, one of those two waits as well.
    """
    lock, one, two = Mutex("lock", lock_class="L"), Completion("one", lock_class="L"), Completion("two", lock_class="L")
    done, there = Completion("done"), Completion("there")

    async def wait() -> None:
        await one.promise()
        await two.promise()
        await there.complete()
        await done.wait()

    async def own() -> None:
        async with held(lock):
            await wait()

    async def go_on(mine: Completion, other: Completion) -> None:
        await done.promise()
        await there.complete()
        while True:
            await mine.wait()
            await other.complete()

    async def complete() -> None:
        for _ in range(4):
            await there.wait()
        await done.promise()
        async with held(lock, when=under):
            await done.complete_all()
        async with held(lock):
            pass

    async def start() -> None:
        await one.complete()

    turns = {"first": lambda: go_on(one, two), "second": lambda: go_on(two, one)}
    contexts = {"owner": own, "waiter": wait, **turns, "completer": complete, "starter": start}
    return system((lock, one, two, done, there), **contexts)


def removed(*, under: bool) -> System:
    """An attribute whose reader takes a lock is removed, `under` that lock or without it."""
    lock, status = Mutex("guests_lock"), Attribute("status")

    async def show() -> None:
        if await status.enter():
            async with held(lock):
                pass
            await status.leave()

    async def unbind() -> None:
        async with held(lock, when=under):
            await status.remove()

    return system((lock, status), reader=show, driver=unbind)


def of_one_class(*, nested: bool) -> System:
    """Two locks of one class are nested; nested: and said to be."""
    outer, inner = Mutex("queue0", lock_class="device_lock"), Mutex("queue1", lock_class="device_lock")

    async def both() -> None:
        async with held(outer):
            await inner.lock(1) if nested else await inner.lock()
            await inner.unlock()

    return system((outer, inner), t=both)


class Group(Object[GroupState]):
    """An object that is destroyed with its last reference."""

    def initial(self) -> GroupState:
        return GroupState()


def put_under_lock(*, closer: bool = True, destroyer: bool = True) -> System:
    """B11: the destructor takes the lock under which a reference is dropped, if that was the last.

    closer: one context drops a reference under the lock. destroyer: the destructor takes it.
    """
    lock, thing = Mutex("group_lock"), Group("vm")
    users = RefCount("users", 2, destroys="vm")

    async def put() -> None:
        if await users.put():
            async with held(lock, when=destroyer):
                pass
            await thing.free()

    async def close_under_lock() -> None:
        async with held(lock, when=closer):
            await put()

    return system((lock, users, thing), closer=close_under_lock, other=put)


def last_put_or_destructor() -> System:
    """Either the last reference is dropped under the lock, or the destructor takes it: no execution has both."""
    lock, thing = Mutex("group_lock"), Group("vm")
    users = RefCount("users", 1, destroys="vm")

    async def close() -> None:
        recorded = await choose("recorded", True, False)
        async with held(lock, when=not recorded):
            if await users.put():
                async with held(lock, when=recorded):
                    pass
                await thing.free()

    return system((lock, users, thing), closer=close)


def itself() -> System:
    """A context takes the lock that it holds."""
    lock = Mutex("lock")

    async def twice() -> None:
        async with held(lock), held(lock):
            pass

    return system((lock,), t=twice)


def either() -> System:
    """One context that takes A and B in one of the two orders, whichever is chosen: no execution has both."""
    a, b = Mutex("A"), Mutex("B")

    async def choose_order() -> None:
        first, second = (a, b) if await choose("order", "AB", "BA") == "AB" else (b, a)
        async with held(first), held(second):
            pass

    return system((a, b), t=choose_order)
