"""What a change does: the outcomes of two variants of a scenario side by side.

An outcome is a property that is violated. It is

- *removed* or *added* when only the first, or only the second variant has it, and the other one was searched to the
  end: then it is gone within the scope, and not just not met;
- *unexercised* when the second variant does not have it because no step there is about the property, so that nothing
  says that it is mended;
- *unknown* when the search that did not find it was stopped.

Executions end at an oops, so that a variant that has one is judged by what goes wrong before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager
from typing import Literal, TypeAlias

import attrs

from aprt.core.errors import ReplayMismatch, UserError
from aprt.core.notes import Oops
from aprt.core.properties import DEADLOCK, Property, endless
from aprt.core.schedule import Label
from aprt.explore.replay import replay
from aprt.explore.result import UNBOUNDED, Bounds, Progress
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.verdict.search import Search
from aprt.verdict.verdict import Shown, Verdict, besides_of, of_patches

Change: TypeAlias = Literal["removed", "unexercised", "added", "unchanged", "holds", "unknown"]
Standing: TypeAlias = Literal["worse", "open", "better", "otherwise", "same"]


@attrs.frozen
class Parting:
    """The first step of a schedule of one variant that the other variant cannot take."""

    step: int  # its index in the schedule, from 0
    wanted: Label
    offered: tuple[str, ...]  # what the other variant could do instead


@attrs.frozen
class Outcome:
    """One property in both variants. Pairs are of the first and the second variant."""

    id: str
    title: str
    before: Shown | None  # a smallest witness, where the variant violates it
    after: Shown | None
    searched: tuple[bool, bool]  # whether the variant was searched to the end
    vacuous: tuple[bool, bool] = (False, False)  # whether it holds only because no step that it is about is possible
    aside: bool = False  # asked about with all the others: nobody named it, and it is not what the scenario is about
    parting: Parting | None = None  # where there is one witness, and the other variant cannot take all its steps

    @property
    def otherwise(self) -> bool:
        """Whether both violate it, in words that differ in more than numbers."""
        if self.before is None or self.after is None:
            return False
        return _words(self.before.finding.text) != _words(self.after.finding.text)

    @property
    def change(self) -> Change:
        if self.before is not None and self.after is not None:
            return "unchanged"
        was, now = self.searched
        if self.before is not None:
            return "unknown" if not now else "unexercised" if self.vacuous[1] else "removed"
        if self.after is not None:
            return "added" if was else "unknown"
        return "holds" if was and now else "unknown"


@attrs.frozen(eq=False)
class Difference:
    """Two verdicts, and what is different: properties in their order; what is implied only where a side violates it."""

    before: Verdict
    after: Verdict
    outcomes: tuple[Outcome, ...]

    @property
    def one_scenario(self) -> bool:
        """Whether both sides are variants of one scenario, be it in two eras."""
        one, other = self.before.case.scenario, self.after.case.scenario
        return (one.directory, one.name) == (other.directory, other.name)

    @property
    def complete(self) -> bool:
        """Whether both sides were searched to the end."""
        return self.before.exploration.complete and self.after.exploration.complete

    @property
    def standing(self) -> Standing:
        """What it comes to. worse: something is added, whatever else there is. open: a search did not go to the end.

        otherwise: nothing is mended, but something is never exercised any more, or violated in other words.
        """
        if self.those("added"):
            return "worse"
        if not self.complete:
            return "open"
        if self.those("removed"):
            return "better"
        return "otherwise" if self.those("unexercised") or any(one.otherwise for one in self.outcomes) else "same"

    @property
    def hiding(self) -> tuple[str, ...]:
        """The removed properties at whose violation executions ended: what is added may have been there all along,
        behind that end.
        """
        return tuple(
            outcome.id
            for outcome in self.those("removed")
            if outcome.before is not None
            and any(isinstance(note, Oops) for event in outcome.before.events[-1:] for note in event.notes)
        )

    @property
    def unasked(self) -> tuple[str, ...]:
        """The properties that both sides could have been asked about and were not, apart from those in every search."""
        known, asked = {p.id for p in self.after.model.properties}, {outcome.id for outcome in self.outcomes}
        return tuple(
            p.id for p in self.before.model.properties if p.id in known and p.id not in asked and not p.implied
        )

    def those(self, change: Change) -> tuple[Outcome, ...]:
        """The outcomes that changed like that."""
        return tuple(outcome for outcome in self.outcomes if outcome.change == change)


def difference(
    before: Case,
    after: Case,
    ids: tuple[str, ...] = (),
    bounds: Bounds = UNBOUNDED,
    report: Callable[[Progress], None] | None = None,
    interruptible: AbstractContextManager[object] | None = None,
) -> Difference:
    """Search both variants for these properties (none: those of the first scenario, and for deadlocks).

    With a patch in force on either side, none stands for all but those about what goes on for ever (`endless`): what a
    patch breaks is not what the scenario was made for. A livelock is looked for where `ask` has the room and the time.
    What is implied (`Property.implied`) is always looked for, and told where a side violates it. Where executions end
    at a violation of another property, both sides are asked about that as well.

    Raises: `UserError`, `ReplayMismatch` as `ask` does; KeyboardInterrupt if a search is interrupted, and the caller
    could not know of it as there is no `interruptible`.
    """
    there = {p.id for p in after.model().properties}
    common = tuple(p for p in before.model().properties if p.id in there)
    known = {p.id for p in common}
    implied = () if ids == ("all",) else tuple(p.id for p in common if p.implied)
    besides = besides_of(before, ids) | besides_of(after, ids)
    asked, left = (*(ids or _by_default(before, after, common)), *implied), [bounds, bounds]
    while True:
        search = [Search(bounds=each, stop_on="all") for each in left]
        was = ask(before, asked, search[0], report, interruptible, besides=besides)
        _check_goes_on(was, interruptible)
        now = ask(after, asked, search[1], report, interruptible, besides=besides)
        _check_goes_on(now, interruptible)
        sides = was.exploration, now.exploration
        more = {id for side in sides for id in side.unasked if side.stopped is None} & known
        if not more or any(side.interrupted for side in sides):
            return Difference(was, now, tuple(_outcomes(was, now, {id.casefold() for id in ids})))
        asked = (*dict.fromkeys(p.id for p in (*was.properties, *now.properties) if p.id in known), *sorted(more))
        left = [each.after(side.seconds) for each, side in zip(left, sides, strict=True)]


def _check_goes_on(verdict: Verdict, interruptible: AbstractContextManager[object] | None) -> None:
    if verdict.interrupted and interruptible is None:
        raise KeyboardInterrupt


def _by_default(before: Case, after: Case, common: Sequence[Property]) -> tuple[str, ...]:
    """What both can be asked for. Raises: `UserError` where that is nothing of what the first scenario is about."""
    own, known = before.scenario.properties, {p.id for p in common}
    if own and known.isdisjoint(own):
        none = f"{after.name} knows none of the properties of {before.name} ({', '.join(own)})"
        raise UserError(f"{none}; ask for others with --property")
    patched = of_patches(common, before, after)
    rest = [p.id for p in common if not (p.implied or endless(p))] if patched else []
    return tuple(id for id in dict.fromkeys((*own, DEADLOCK.id, *patched, *rest)) if id in known)


def _outcomes(before: Verdict, after: Verdict, named: Set[str]) -> Iterator[Outcome]:
    """named: what was asked for by number, in lower case."""
    shown = [{one.finding.property: one for one in verdict.shown} for verdict in (before, after)]
    asked = {property.id: property for property in (*before.properties, *after.properties)}
    for property in asked.values():
        pair = shown[0].get(property.id), shown[1].get(property.id)
        if property.implied and pair == (None, None) and named.isdisjoint({"all", property.id.casefold()}):
            continue
        searched = _searched(before, property), _searched(after, property)
        vacuous = _vacuous(before, property.id), _vacuous(after, property.id)
        parting = None
        if pair[0] is not None and pair[1] is None:
            parting = _parting(pair[0], after)
        elif pair[1] is not None and pair[0] is None:
            parting = _parting(pair[1], before)
        aside = property.id.casefold() not in named and property.id not in before.case.scenario.properties
        yield Outcome(property.id, property.title, pair[0], pair[1], searched, vacuous, aside, parting)


def _searched(verdict: Verdict, property: Property) -> bool:
    """To the end, and for this property, too: it may have been left out, as `ask` says."""
    return verdict.exploration.complete and (property.implied or property.id in {p.id for p in verdict.properties})


def _vacuous(verdict: Verdict, id: str) -> bool:
    return id in (verdict.exploration.unexercised or ())


def _parting(shown: Shown, other: Verdict) -> Parting | None:
    """Where the schedule of a finding leaves what the other variant can do."""
    schedule = shown.finding.schedule
    try:
        replay(other.case.model().system, schedule)
    except ReplayMismatch as mismatch:
        return Parting(mismatch.step, schedule.labels[mismatch.step], mismatch.enabled)
    return None


def _words(text: str) -> str:
    """A text in which all numbers are alike: `2 pins` is `1 pin`, `05.0004` is `05.000b`."""
    return re.sub(r"# (\w+)s\b", r"# \1", re.sub(r"\b(?:0x)?\d[0-9a-f]*\b|\d+", "#", text))
