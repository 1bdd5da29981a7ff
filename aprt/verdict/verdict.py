"""A verdict: what was asked, what was covered, and what came out. "No bug found" is never printed as "no bug".

- `VIOLATED`: a schedule breaks a property, and it was replayed on trio before anybody saw it;
- `HOLDS`: everything within the stated scope was covered;
- `NOT FOUND`: some executions were drawn at random, none broke anything;
- `INCONCLUSIVE`: a bound was hit, the search was interrupted, or executions end at a violation of what nobody asked
  about, before either was known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from aprt.core.errors import UnknownProperty, UserError
from aprt.core.events import Event
from aprt.core.properties import DEADLOCK, Finding, NoDeadlock, Property, endless
from aprt.core.scenario import Model
from aprt.explore.result import Exploration
from aprt.verdict.case import Case

if TYPE_CHECKING:
    from aprt.explore.minimal import Claim
    from aprt.verdict.left_out import LeftOut
    from aprt.verdict.realised import Realised

Word: TypeAlias = Literal["VIOLATED", "HOLDS", "NOT FOUND", "INCONCLUSIVE"]

Size: TypeAlias = "Literal['shortest'] | Claim"

NOT_MODELLED = ("weak memory", "real time", "interrupt latency", "firmware inside the card")


@attrs.frozen
class Shown:
    """A finding as it is shown: its events as trio ran them, and the token that repeats it.

    token: None when the schedule cannot be told by one.
    size: how small it is. `shortest`: no schedule that breaks the property has fewer steps. Else as `Minimal.claim`:
    what a strategy found that does not look for the shortest was made as small as could be done in a moment.
    parts: of a cycle in the lock order, its edges, each with a schedule of its own; the rest is that of the longest.
    realised: of such a cycle, whether it is real, or another one that a search met which did not stop at the first.
    """

    finding: Finding
    events: tuple[Event, ...]
    token: str | None
    size: Size
    parts: tuple[Shown, ...] = ()
    realised: Realised | None = None


@attrs.frozen(eq=False)
class Verdict:
    """The answer to one question about one case. shown: in the order of the exploration's findings.

    properties: those that were asked about, and those implied that are violated. left_out: what patches in force do
    less than the driver, where all executions are known.
    """

    case: Case
    model: Model
    properties: tuple[Property, ...]
    exploration: Exploration
    shown: tuple[Shown, ...]
    left_out: tuple[LeftOut, ...] = ()

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
        """Of what was asked where lots were drawn, what is about going on for ever: runs say nothing of that."""
        return tuple(p.id for p in self.properties if endless(p)) if self.exploration.stopped == "runs" else ()

    @property
    def interrupted(self) -> bool:
        return self.exploration.stopped == "interrupted"

    @property
    def deadlocks_unasked(self) -> int:
        """Deadlock states that were met where no property that was asked about says a word of them."""
        asked = any(isinstance(check, NoDeadlock) for property in self.properties for check in property.checks)
        return 0 if asked else self.exploration.deadlocks

    @property
    def traces(self) -> int | None:
        """Distinct traces that were seen, where the strategy tells them apart."""
        return self.exploration.traces

    @property
    def needed(self) -> tuple[tuple[str, str], ...]:
        """Of the properties that hold, which assumptions they are known to need: (property, assumption)."""
        if not self.exploration.complete:
            return ()
        held = {property.id for property in self.properties} - {one.finding.property for one in self.shown}
        return tuple((id, name) for id, name in self.model.needed if id in held)

    def others(self, finding: Finding) -> tuple[str, ...]:
        """In what other words its property was seen to be violated, by a search that did not stop at the first."""
        if self.exploration.stopped == "violation":
            return ()
        wrong = self.exploration.wrong - {(finding.property, finding.text)}
        return tuple(sorted(text for id, text in wrong if id == finding.property))

    def property(self, id: str) -> Property:
        """The property of that number, checked or not."""
        return next(p for p in self.model.properties if p.id == id)


def selected(case: Case, model: Model, ids: tuple[str, ...]) -> tuple[Property, ...]:
    """The properties that a user asks for: none named is the scenario's own, `all` is every one.

    With a patch in force, that there is no deadlock is asked with the scenario's own: a patch may keep a lock.

    Raises: `UserError` for an unknown one, or when `all` is not alone.
    """
    if "all" not in ids:
        _check_measures(case, model, ids)
        return _known(case, model, ids or _by_default(case, model))
    if len(ids) > 1:
        raise UserError("--property all cannot be combined with another property")
    return model.properties


def _by_default(case: Case, model: Model) -> tuple[str, ...]:
    own = case.scenario.properties
    patched = any(switch.replaces and case.settings.on(switch.name) for switch in case.settings.switches)
    return (*own, DEADLOCK.id) if patched and any(p.id == DEADLOCK.id for p in model.properties) else own


def _known(case: Case, model: Model, ids: tuple[str, ...]) -> tuple[Property, ...]:
    try:
        return model.select(ids)
    except UnknownProperty as error:
        raise UnknownProperty(error.id, error.hint, case.name) from None


def _check_measures(case: Case, model: Model, ids: tuple[str, ...]) -> None:
    """Say so when a property is missing because it takes all measures."""
    missing = {id.casefold() for id in ids} - {p.id.casefold() for p in model.properties}
    if not missing:
        return
    full = case.with_all_measures()
    for property in full.model().properties:
        if property.id.casefold() in missing:
            raise UserError(f"property {property.id} takes all measures: ask for it on {full}")
