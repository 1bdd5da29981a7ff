"""What a seat does in a search over states that is shared: it keeps its part, and answers for it.

These functions are what the search (`parallel.partition`) sends to seats. A seat may be taken by somebody else at any
moment: who has not done what was sent there before says `Forgotten`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import attrs

from aprt.core.errors import ModelError
from aprt.core.schedule import Schedule
from aprt.explore.parallel.crew import Forgotten, desk
from aprt.explore.parallel.ownership import Shares
from aprt.explore.parallel.part import Account, Harvest, Part
from aprt.explore.parallel.pupil import Pupil
from aprt.explore.result import Bounds, Origin, Question

UNLIKE = "the model is not the same in every process (does it iterate over a set of strings?)"


@attrs.frozen
class Round:
    """A round of a part. number: how many went before. parcels: what was found for it; None for another round on the
    same level."""

    number: int
    lessons: tuple[int, ...]
    parcels: tuple[bytes, ...] | None
    last: bool


@attrs.frozen
class Beginning:
    """What a pupil is made of anywhere. bounds: of what one process explores first. digest: of what it learns."""

    origin: Origin
    bounds: Bounds
    certify: bool
    digest: str

    def pupil(self) -> Pupil:
        """A new one. Raises: `ModelError` when it learns something else than the first one."""
        system, properties = self.origin()
        pupil = Pupil(Question(system, properties, self.bounds, "all", loop="plain", certify=self.certify))
        if pupil.tables.digest() != self.digest:
            raise ModelError(UNLIKE)
        return pupil


@attrs.frozen
class Role:
    """The part that a seat has in a search."""

    search: str
    beginning: Beginning = attrs.field(eq=False)
    number: int
    of: int
    shares: Shares = attrs.field(eq=False)


def grow(role: Role, round: Round) -> Harvest:
    """Do a round, the first one of a part that is made then."""
    kept: tuple[int, Part] | None = desk().get(role)
    rounds, whole = kept or (0, Part(_pupil(role), role.number, role.of, role.shares))
    if rounds != round.number:
        raise Forgotten
    desk()[role] = rounds + 1, whole
    whole.attend(round.lessons)
    return whole.again(round.last) if round.parcels is None else whole.grow(round.parcels, round.last)


def _pupil(role: Role) -> Pupil:
    """The first one, if this process was forked when that had learned just this."""
    known: tuple[int, Pupil] | None = desk().get(role.search)
    if known is None or known[0] == os.getpid():
        return role.beginning.pupil()
    return known[1]


def _part(role: Role) -> Part:
    """Raises: `Forgotten`."""
    if role not in desk():
        raise Forgotten
    whole: Part = desk()[role][1]
    return whole


def way_to(role: Role, number: int) -> tuple[list[int], tuple[int, int] | None]:
    """As `Part.way`."""
    return _part(role).way(number)


def schedule_of(role: Role, path: Sequence[int], via: int | None) -> Schedule:
    """As `Part.schedule`."""
    return _part(role).schedule(path, via)


def account_of(role: Role, complete: bool) -> Account:
    """By all that was learned there."""
    return Account.of(_part(role).pupil, complete=complete)


def forget(role: Role) -> None:
    """Clear the desk."""
    desk().pop(role.search, None)
    if role in desk():
        desk().pop(role)[1].tables.close()
