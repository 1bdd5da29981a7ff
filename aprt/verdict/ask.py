"""Ask a question about a case: search, replay on trio what was found, and give it a token.

What only a finding needs is imported when there is one: importing trio takes longer than most searches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import attrs

from aprt.core.finding import Finding
from aprt.core.properties import Property
from aprt.core.scenario import Model
from aprt.core.system import System
from aprt.explore.explore import explore
from aprt.explore.result import Exploration, Progress, nothing
from aprt.explore.strategies import SHORTEST
from aprt.verdict.case import Case
from aprt.verdict.search import PLAIN, QUICK, Crewed, Finder, Search
from aprt.verdict.tokens import token_of
from aprt.verdict.verdict import Shown, Size, Verdict, besides_of, patched, selected

if TYPE_CHECKING:
    from aprt.explore.saved.file import SaveFile
    from aprt.verdict.keeping import Keep
    from aprt.verdict.left_out import LeftOut

Shorten: TypeAlias = Callable[[System, Finding, Property], tuple[Finding, Size]]

_TRIED = 1_000_000  # steps to try for a smaller schedule of a finding where `QUICK` is not enough: a few seconds


def ask(
    case: Case,
    ids: tuple[str, ...] = (),
    search: Search = PLAIN,
    report: Callable[[Progress], None] | None = None,
    interruptible: AbstractContextManager[object] | None = None,
    crewed: Crewed | None = None,
    keep: Keep | None = None,
    besides: Collection[str] | None = None,
    halt: Callable[[], bool] | None = None,
) -> Verdict:
    """The verdict on the properties with these numbers (none: as `selected` says; `all`: every one).

    besides: which of them nobody named (None: as `besides_of` says). They are dropped where they would cost the answer
    about the others (`explore.result.Question`), as `Verdict.livelock_unasked` tells then.

    An implied property (`Property.implied`) ends an execution when it is violated, whether or not it was asked about.
    If that happened and nothing else was violated, a second search asks about it as well.

    report, halt: as in `explore.result.Question`. interruptible: entered around the search; a KeyboardInterrupt inside
    it ends the search, and the verdict is about what was covered by then. keep: where to save or resume the search;
    then only `halt` ends it.

    Raises: `UserError`, `ReplayMismatch` when a finding does not happen on trio as the explorer told it.
    """
    model = case.model()
    properties = selected(case, model, ids)
    besides = besides_of(case, ids) if besides is None else besides
    exploration = nothing(search.strategy, search.seed)
    less: tuple[LeftOut, ...] = ()
    interruptible = interruptible or nullcontext()
    try:
        with interruptible if keep is None else nullcontext(), _kept(keep, case, properties, search) as (file, search):
            exploration = _explored(case, model.system, properties, besides, search, report, crewed, file, halt)
            implied = tuple(p for p in model.properties if p.implied and p.id in exploration.unasked)
            if implied and not exploration.findings and not exploration.interrupted:
                properties = model.select(p.id for p in (*properties, *implied))
                search = attrs.evolve(search, bounds=search.bounds.after(exploration.spent))
                exploration = _explored(case, model.system, properties, besides, search, report, crewed, None, halt)
            less = _left_out(case, exploration, search)
    except KeyboardInterrupt:
        pass
    if exploration.unjudged is not None:
        properties = tuple(property for property in properties if property.id not in besides)
    again = nullcontext() if exploration.interrupted else interruptible  # not twice by one Ctrl-C
    shorten = _tidy if exploration.strategy in SHORTEST else partial(_minimize, again)
    shown = (_show(case, model, finding, shorten) for finding in exploration.findings)
    told = tuple(_real(case, model, one, exploration) for one in shown)
    return Verdict(case, model, properties, exploration, told, less)


def _explored(
    case: Case,
    system: System,
    properties: tuple[Property, ...],
    besides: Collection[str],
    search: Search,
    report: Callable[[Progress], None] | None,
    crewed: Crewed | None,
    file: SaveFile | None,
    halt: Callable[[], bool] | None,
) -> Exploration:
    named = tuple(property for property in properties if property.id not in besides)
    ids = tuple(property.id for property in named)
    return explore(
        system,
        named,
        besides=tuple(property for property in properties if property.id in besides),
        strategy=search.strategy,
        bounds=search.bounds,
        stop_on=search.stop_on,
        seed=search.seed,
        runs=search.runs,
        report=report,
        symmetry=search.symmetry,
        loop=search.loop,
        save=file,
        halt=halt,
        certify=search.certify,
        crew=None if crewed is None else crewed.crew,
        origin=None if crewed is None else partial(_origin, crewed.find, str(case), ids),
    )


def _left_out(case: Case, exploration: Exploration, search: Search) -> tuple[LeftOut, ...]:
    if exploration.exercise is None or not patched(case):
        return ()
    from aprt.verdict.left_out import left_out

    return left_out(case, exploration.exercise, search.bounds.after(exploration.spent))


@contextmanager
def _kept(
    keep: Keep | None, case: Case, properties: Sequence[Property], search: Search
) -> Iterator[tuple[SaveFile | None, Search]]:
    if keep is None:
        yield None, search
        return
    from aprt.verdict.keeping import kept  # few searches need it

    with kept(keep, case, properties, search) as found:
        yield found


def _origin(find: Finder, reference: str, ids: tuple[str, ...]) -> tuple[System, tuple[Property, ...]]:
    model = find(reference).model()
    return model.system, model.select(ids)


def _show(case: Case, model: Model, found: Finding, shorten: Shorten) -> Shown:
    from aprt.verdict.confirm import confirm

    if not found.is_whole():
        return _show_parts(case, model, found, shorten)
    (property,) = model.select((found.property,))
    property = found.exactly(property)
    found, claim = shorten(model.system, found, property)
    finding, execution = confirm(model.system, found, property)
    return Shown(finding, execution.events, token_of(case, model.system, finding.schedule), claim)


def _show_parts(case: Case, model: Model, found: Finding, shorten: Shorten) -> Shown:
    """A cycle in the lock order that takes several executions."""
    parts = tuple(_show(case, model, part, shorten) for part in found.each())
    longest = max(parts, key=lambda part: len(part.finding.schedule))
    finding = attrs.evolve(
        found,
        schedule=longest.finding.schedule,
        parts=tuple(edge for part in parts for edge in part.finding.parts),
    )
    return attrs.evolve(longest, finding=finding, parts=parts)


def _real(case: Case, model: Model, shown: Shown, exploration: Exploration) -> Shown:
    """The same; a cycle in the lock order, with whether it is real, or else another cycle that the search met."""
    cycle = tuple(part.edge for part in shown.finding.parts)
    if not cycle:
        return shown
    from aprt.verdict.realised import realised

    order = None if exploration.stopped == "violation" else exploration.lock_order
    others = () if order is None else (other for other in order.cycles() if other != cycle)
    return attrs.evolve(shown, realised=realised(case, model.system, (cycle, *others)))


def _tidy(system: System, found: Finding, property: Property) -> tuple[Finding, Size]:
    from aprt.verdict.confirm import tidy

    return tidy(system, found, property), "shortest"


def _minimize(
    interruptible: AbstractContextManager[object], system: System, found: Finding, property: Property
) -> tuple[Finding, Size]:
    from aprt.explore.failures.minimal import minimal

    smaller = minimal(system, found.schedule, property, QUICK, most=_TRIED, interruptible=interruptible)
    return attrs.evolve(found, schedule=smaller.schedule), smaller.claim
