"""A verdict: what was asked, what was covered, and what came out. "No bug found" is never printed as "no bug".

- `VIOLATED`: a schedule breaks a property, and it was replayed on trio before anybody saw it;
- `HOLDS`: everything within the stated scope was covered;
- `NOT FOUND`: some executions were drawn at random, none broke anything;
- `INCONCLUSIVE`: none of these was established: a bound was hit, the search was interrupted, or executions ended early,
  at a violation of a property that nobody asked about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from aprt.core.errors import UnknownProperty, UserError
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.properties import LIVELOCK, NoDeadlock, Property, endless
from aprt.core.scenario import Model
from aprt.explore.result import Exploration
from aprt.verdict.case import Case

if TYPE_CHECKING:
    from aprt.explore.failures.minimal import Claim
    from aprt.verdict.left_out import LeftOut
    from aprt.verdict.realised import Realised

Word: TypeAlias = Literal["VIOLATED", "HOLDS", "NOT FOUND", "INCONCLUSIVE"]

Size: TypeAlias = "Literal['shortest'] | Claim"

NOT_MODELLED = ("weak memory", "real time")  # in any era, or system of one's own


@attrs.frozen
class Shown:
    """A finding as it is shown.

    size: how small the schedule is. `shortest`, of a strategy that looks for this: no schedule that breaks the property
    has fewer steps. Of a loop that is said of the way to it, and an end that breaks `Eventually` is compared with other
    ends only. What other strategies find is made smaller for a moment; how far that got, `Minimal.claim` says.

    parts: a cycle in the lock order may need several executions. It has a part for each of its edges then, and the
    other fields are those of the part with the longest schedule.
    """

    finding: Finding
    events: tuple[Event, ...]  # as trio ran them
    token: str | None  # repeats the schedule; None where that is too long for one
    size: Size
    parts: tuple[Shown, ...] = ()
    realised: Realised | None = None  # of a cycle: whether it, or else another one that the search met, is real


@attrs.frozen(eq=False)
class Verdict:
    """The answer to one question about one case."""

    case: Case
    model: Model
    properties: tuple[Property, ...]  # those asked about and not left out, and those implied that are violated
    exploration: Exploration
    shown: tuple[Shown, ...]  # in the order of the exploration's findings
    left_out: tuple[LeftOut, ...] = ()  # what patches in force do less than the driver, if the search is complete

    @property
    def word(self) -> Word:
        if self.shown:
            return "VIOLATED"
        if self.exploration.complete:
            return "HOLDS"
        explored = self.exploration
        drawn = explored.stopped == "runs" and not explored.unasked and explored.cut < explored.executions
        return "NOT FOUND" if drawn and not self.for_states else "INCONCLUSIVE"

    @property
    def for_states(self) -> tuple[str, ...]:
        """The properties asked about that random runs cannot judge, as they are about what goes on for ever."""
        return tuple(p.id for p in self.properties if endless(p)) if self.exploration.stopped == "runs" else ()

    @property
    def interrupted(self) -> bool:
        return self.exploration.interrupted

    @property
    def deadlocks_unasked(self) -> int:
        """How many deadlock states were met; 0 where a property that was asked about judges them."""
        asked = any(isinstance(check, NoDeadlock) for property in self.properties for check in property.checks)
        return 0 if asked else self.exploration.deadlocks

    @property
    def unasked_of_patch(self) -> tuple[Property, ...]:
        """What is asked of patches besides (`of_patches`), and was not asked of the one that is in force."""
        asked = {p.id for p in self.properties}
        return tuple(self.property(id) for id in of_patches(self.model.properties, self.case) if id not in asked)

    @property
    def livelock_unasked(self) -> bool:
        """Whether nobody looked if the patch in force goes on for ever; `Exploration.unjudged` says why, if asked."""
        return any(p.id == LIVELOCK.id for p in self.unasked_of_patch)

    @property
    def needed(self) -> tuple[tuple[str, str], ...]:
        """The assumptions that properties which hold are known to need, as pairs (property, assumption)."""
        if not self.exploration.complete:
            return ()
        held = {property.id for property in self.properties} - {one.finding.property for one in self.shown}
        return tuple((id, name) for id, name in self.model.needed if id in held)

    def others(self, finding: Finding) -> tuple[str, ...]:
        """Other texts of violations of the same property; none where the search stopped at the first violation."""
        if self.exploration.stopped == "violation":
            return ()
        wrong = self.exploration.wrong - {(finding.property, finding.text)}
        return tuple(sorted(text for id, text in wrong if id == finding.property))

    @property
    def not_modelled(self) -> tuple[str, ...]:
        """What a real machine has and the model has not, so that the verdict says nothing of it."""
        return (*NOT_MODELLED, *self.case.era.not_modelled)

    def property(self, id: str) -> Property:
        """The property of that number, checked or not."""
        return next(p for p in self.model.properties if p.id == id)


def patched(case: Case) -> bool:
    """Whether a patch of a reader's is in force."""
    return any(switch.replaces and case.settings.on(switch.name) for switch in case.settings.switches)


def besides_of(case: Case, ids: tuple[str, ...]) -> frozenset[str]:
    """The numbers of the properties of `selected` that nobody named and that only a search of all states can judge:
    those about loops, with a patch in force."""
    return frozenset() if ids or not patched(case) else frozenset({LIVELOCK.id}).difference(case.scenario.properties)


def selected(case: Case, model: Model, ids: tuple[str, ...]) -> tuple[Property, ...]:
    """The properties that a user asks for: none named means the scenario's own, `all` every one.

    With a patch in force the scenario's own include those of patches (`of_patches`).

    Raises: `UserError` for an unknown one, or when `all` is not alone.
    """
    if "all" not in ids:
        _check_measures(case, model, ids)
        return _known(case, model, ids or (*case.scenario.properties, *of_patches(model.properties, case)))
    if len(ids) > 1:
        raise UserError("--property all cannot be combined with another property")
    return model.properties


def of_patches(properties: Iterable[Property], *cases: Case) -> tuple[str, ...]:
    """The numbers of those of these properties that are asked besides as a patch is in force in one of the cases.

    A patch may give back a lock that it does not hold, keep one, or spin.
    """
    return tuple(p.id for p in properties if p.of_patches) if any(map(patched, cases)) else ()


def _known(case: Case, model: Model, ids: tuple[str, ...]) -> tuple[Property, ...]:
    try:
        return model.select(ids)
    except UnknownProperty as error:
        raise UnknownProperty(error.id, error.hint, case.name) from None


def _check_measures(case: Case, model: Model, ids: tuple[str, ...]) -> None:
    """Refuse a property that the model has only with all measures in, and say so. Raises: `UserError`."""
    missing = {id.casefold() for id in ids} - {p.id.casefold() for p in model.properties}
    if not missing:
        return
    full = case.with_all_measures()
    for property in full.model().properties:
        if property.id.casefold() in missing:
            raise UserError(f"property {property.id} takes all measures: ask for it on {full}")
