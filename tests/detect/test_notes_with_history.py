"""What handlers note, told with the steps before it: counts, guards, sleeping in atomic context."""

from __future__ import annotations

from aprt.core.system import System
from aprt.kernel.cell import Cell
from aprt.kernel.held import held
from aprt.kernel.mailbox import Mailbox
from aprt.kernel.mutex import Mutex
from aprt.kernel.refcount import RefCount
from aprt.kernel.spinlock import Spinlock

from .hearing import detected, system

M, S = Mutex("m"), Spinlock("s")


def sites(detection: object) -> list[tuple[str, int | None, str]]:
    return [(site.role, site.index, site.context) for site in detection.sites]  # type: ignore[attr-defined]


def test_an_underflow_is_told_with_the_last_put() -> None:
    refs = RefCount("refs")

    async def put() -> None:
        await refs.put()

    (bad,) = detected(system((refs,), a=put, b=put), "a b", "refcount")
    assert (bad.text, bad.objects, bad.index) == ("b puts a reference to refs, which has none left", ("refs",), 1)
    assert sites(bad) == [("last put", 0, "a"), ("here", 1, "b")]
    assert detected(system((refs,), a=put), "a", "refcount") == ()


def test_a_reference_from_nothing_is_told_with_the_last_put() -> None:
    refs = RefCount("refs")

    async def put() -> None:
        await refs.put()

    async def get() -> None:
        await refs.get()

    (bad,) = detected(system((refs,), a=put, b=get), "a b", "refcount")
    assert bad.text == "b takes a reference to refs, which has none left"
    assert sites(bad) == [("last put", 0, "a"), ("here", 1, "b")]
    assert detected(system((refs,), a=put, b=get), "b a", "refcount") == ()


async def unlock() -> None:
    await M.unlock()


async def lock_and_unlock() -> None:
    async with held(M):
        pass


def test_a_wrong_unlock_is_told_with_who_took_the_lock() -> None:
    stolen, own = detected(system((M,), a=lock_and_unlock, b=unlock), "a b a", "unlock")
    assert (stolen.text, stolen.objects, stolen.index) == ("b releases m, which a holds", ("m",), 1)
    assert sites(stolen) == [("taken", 0, "a"), ("here", 1, "b")]
    assert own.text == "a releases m, which nobody holds"
    assert sites(own) == [("given back", 1, "b"), ("here", 2, "a")]


def test_a_second_unlock_is_told_with_the_first_and_one_with_none_before_it_alone() -> None:
    async def twice() -> None:
        await lock_and_unlock()
        await M.unlock()

    (bad,) = detected(system((M,), a=twice), "a*", "unlock")
    assert bad.text == "a releases m, which nobody holds"
    assert sites(bad) == [("given back", 1, "a"), ("here", 2, "a")]
    (alone,) = detected(system((M,), a=unlock), "a", "unlock")
    assert sites(alone) == [("here", 0, "a")]
    assert detected(system((M,), a=lock_and_unlock, b=lock_and_unlock), "a* b*", "unlock") == ()


def last_put(under: bool) -> System:
    refs = RefCount("refs", destroys="thing")

    async def destroy() -> None:
        async with held(M):
            pass

    async def put() -> None:
        if under:
            await M.lock()
        if await refs.put():
            await destroy()

    return system((refs, M), a=put)


def test_a_last_put_under_a_lock_that_the_end_needs_is_told_with_both() -> None:
    (bad,) = detected(last_put(under=True), "a*", "refcount")
    assert (bad.text, bad.index) == ("a dropped the last reference under m, which thing.destroy needs", 2)
    assert sites(bad) == [("took", 0, "a"), ("last put", 1, "a"), ("here", 2, "a")]
    assert detected(last_put(under=False), "a*", "refcount") == ()


def test_an_unguarded_access_is_told_with_the_access_before() -> None:
    n = Cell("n", 0, M)

    async def careful() -> None:
        async with held(M):
            await n.write(1)

    async def careless() -> None:
        await n.read()
        await n.read()

    both = system((n, M), a=careful, b=careless)
    (bad,) = detected(both, "a* b*", "guard")
    assert (bad.text, bad.objects, bad.index) == ("b does n.read without holding m", ("n",), 3)
    assert sites(bad) == [("before", 1, "a"), ("here", 3, "b")]
    assert detected(both, "a*", "guard") == ()


def test_a_mutex_asked_for_under_a_spinlock_is_told_at_the_request_though_it_is_never_given() -> None:
    async def hold() -> None:
        await M.lock()

    async def ask() -> None:
        async with held(S):
            await M.lock()

    two = system((M, S), holder=hold, a=ask)
    (bad,) = detected(two, "holder a", "atomic-sleep")
    assert (bad.text, bad.objects, bad.index) == (
        "a may sleep for m in atomic context: it holds s",
        ("m", "s"),
        1,
    )
    assert sites(bad) == [("took", 1, "a"), ("asks", 1, "a")]


def test_a_spinlock_under_a_mutex_or_a_send_without_bound_under_a_spinlock_is_silent() -> None:
    box: Mailbox[str] = Mailbox("box")

    async def fine() -> None:
        async with held(M), held(S):
            await box.send("hello")

    assert detected(system((M, S, box), a=fine), "a*", "atomic-sleep") == ()


def test_a_message_that_nobody_reads_is_told_with_its_sender() -> None:
    box: Mailbox[str] = Mailbox("box")

    async def send() -> None:
        await box.send("one")
        await box.send("two")

    async def read_one() -> None:
        await box.receive()

    (stuck,) = detected(system((box,), a=send, b=read_one), "a* b*", "stuck-message")
    assert (stuck.text, stuck.objects) == ("a message in box that nobody will read: two", ("box",))
    assert sites(stuck) == [("sent", 1, "a")]
    assert detected(system((box,), a=send, b=read_one, c=read_one), "a* b* c*", "stuck-message") == ()
    assert detected(system((box,), a=send, b=read_one), "a*", "stuck-message") == ()  # somebody may
