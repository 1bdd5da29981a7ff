"""The rules that hold for every lock, as numbered properties, and the notes that say one was broken."""

from __future__ import annotations

from aprt.core.caller import Caller
from aprt.core.notes import Broken, Gave, Note, Oops
from aprt.core.properties import LockOrder, Noted, Property

LOCK_ORDER = Property(
    "P20",
    "locks are taken in one order",
    (LockOrder(),),
    "Over all executions together, what is held while something else is asked for makes no cycle. Whatever is waited "
    "for counts as a lock: mutexes, readers, writers, the end of a work item or of a timer callback, a flag that "
    "somebody clears, the readers of an attribute that is removed, vCPUs that leave SIE. A trylock does not wait, but "
    "what it takes is held. An interrupt waits for whom it interrupted if its handler asks for a spinlock that is held "
    "there. So no spinlock that a handler asks for is held elsewhere with such interrupts on; nor is one that is held "
    "with them on asked for while a spinlock of a handler is held, be it by way of others.",
    of_patches=True,
)

LOCK_RELEASE = Property(
    "K2",
    "a lock is released by the context that holds it",
    (Noted(),),
    "Otherwise a mutex or a spinlock is free all the same, as in a kernel without debugging, and whoever held it goes "
    "on as if it were not. An rwsem is released in the mode in which it is held. Scenarios and systems of one's own "
    "that have a lock are asked about this as well.",
    of_patches=True,
)

LOCK_HELD = Property("P22", "data guarded by a lock is touched only with the lock held", (Noted(),), of_patches=True)

RULES = (
    Property(
        "K1",
        "no context takes a lock that it already holds",
        (Noted(),),
        "An execution ends there, so every search looks for it: it is the answer where nothing that was asked about is "
        "violated.",
        implied=True,
    ),
    LOCK_RELEASE,
    Property("K3", "a reference count neither starts from 0 nor goes below it", (Noted(),), of_patches=True),
    LOCK_ORDER,
    Property(
        "P21",
        "the last reference is not dropped under a lock that the destructor takes",
        (Noted(),),
        "Where one execution drops the last reference under a lock and another one takes that lock while it destroys, "
        "the cycle is one of P20.",
        of_patches=True,
    ),
    LOCK_HELD,
    Property("P23", "nothing sleeps while a spinlock is held or a timer callback runs", (Noted(),), of_patches=True),
)


def recursive(by: Caller, lock: str) -> tuple[Note, ...]:
    """The finding of a context that would wait for itself; the execution cannot go on.

    Where it held the lock when it dropped the last reference to what it now destroys, P21 says so as well.
    """
    found = (Oops("K1", f"{by.context} locks {lock}, which it already holds"),)
    since = [hold.lock == lock for hold in by.held]
    later = by.held[since.index(True) :] if any(since) else ()
    return found + tuple(
        Oops("P21", f"{by.context} dropped the last reference under {lock}, which {hold.lock} needs")
        for hold in later
        if hold.mode == "destroy"
    )


def not_owner(by: Caller, lock: str, *owners: str | None) -> Note:
    """The finding of an unlock by somebody who is none of the owners. None is nobody, and twice the same is one."""
    names = tuple(dict.fromkeys(owner for owner in owners if owner is not None))
    hold = f"{' and '.join(names)} hold" if len(names) > 1 else f"{names[0] if names else 'nobody'} holds"
    return Broken("K2", f"{by.context} releases {lock}, which {hold}")


def wrong_mode(by: Caller, lock: str, released: str, held: str) -> Note:
    """The finding of an unlock in another mode than that in which the caller holds the lock: "reading", "writing"."""
    return Broken("K2", f"{by.context} releases {lock} for {released}, but holds it for {held}")


def unlock_by_another(by: Caller, lock: str, owner: str | None) -> tuple[Note, ...]:
    """The notes of an unlock by a context that is not the owner, and that may have been it.

    A context whose lock somebody else has unlocked still holds it, up to its own unlock, which is wrong then, too.
    """
    wrong = not_owner(by, lock, owner)
    return (wrong, Gave(lock)) if by.holds(lock) else (wrong,)
