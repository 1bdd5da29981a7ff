"""Checking contrasts: a search of the buggy case finds the bug, and a complete search of the fixed case does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from aprt.core.contrast import Contrast
from aprt.core.errors import UserError
from aprt.explore.parallel.crew import Crew, scatter
from aprt.explore.result import Bounds
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.verdict.search import QUICK, Finder, Search
from aprt.verdict.shrink import shrink_recording
from aprt.verdict.tokens import Recording
from aprt.verdict.verdict import Verdict, Word

_LONG = 60  # letters of a token that is no pleasure to paste


@attrs.frozen
class Violation:
    """A finding in a few words."""

    property: str
    text: str
    token: str | None = None  # of a schedule that shows it, where the search kept one

    def __str__(self) -> str:
        return f"{self.property}: {self.text}"


@attrs.frozen
class Seen:
    """What one search said."""

    reference: str
    word: Word
    complete: bool
    strategy: str
    executions: int
    states: int
    seconds: float
    findings: tuple[Violation, ...]  # those with a schedule come first

    @classmethod
    def of(cls, verdict: Verdict) -> Seen:
        found, shown = verdict.exploration, verdict.shown
        first = {(one.finding.property, one.finding.text): one.token for one in shown}
        others = dict.fromkeys(sorted(found.wrong)) if found.stopped != "violation" else {}
        return cls(
            reference=str(verdict.case),
            word=verdict.word,
            complete=found.complete,
            strategy=found.manner,
            executions=found.executions,
            states=found.states,
            seconds=found.seconds,
            findings=tuple(Violation(*said, token) for said, token in {**first, **others, **first}.items()),
        )


@attrs.frozen
class Checked:
    """The answer to a contrast."""

    name: str  # of what the contrast shows, such as an entry of the museum
    contrast: Contrast
    buggy: Seen
    fixed: Seen

    @property
    def met(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> tuple[str, ...]:
        """What was not as it must be, one line each."""
        wanted, said = self.contrast, []
        if not self.buggy.findings:
            said.append(f"{wanted.violates} is not violated without the fix ({self.buggy.word})")
        elif not self._wanted(self.buggy.findings[0]):
            said.append(f"another finding without the fix: {self.buggy.findings[0]}")
        if still := [found for found in self.fixed.findings if self._wanted(found)]:
            said.append(f"still found with the fix: {still[0].text}")
        elif not self.fixed.complete:
            said.append(f"not everything was searched with the fix (states: {self.fixed.states:,})")
        return tuple(said)

    @property
    def observations(self) -> tuple[Violation, ...]:
        """What else is violated with the fix."""
        return tuple(found for found in self.fixed.findings if not self._wanted(found))

    def _wanted(self, found: Violation) -> bool:
        return self.contrast.says(found.property, found.text)


@attrs.frozen
class _Piece:
    name: str
    contrast: Contrast = attrs.field(repr=False)
    find: Finder = attrs.field(repr=False)
    bounds: Bounds = attrs.field(repr=False)

    def __str__(self) -> str:
        return self.name


def check_many(
    contrasts: Mapping[str, Contrast], find: Finder, bounds: Bounds, crew: Crew | None = None
) -> Iterator[Checked]:
    """Check contrasts, given by name. The answers come as they are found: without a crew in the order of `contrasts`.

    find: gives the case of a reference; with a crew it must be picklable. bounds: of each search; a contrast takes two.

    Raises: `UserError` for a reference or a property that does not exist, `ReplayMismatch` as `ask`.
    """
    pieces = [_Piece(name, contrast, find, bounds) for name, contrast in contrasts.items()]
    for _, checked in scatter(crew, _check, pieces):
        yield checked


def _check(piece: _Piece) -> Checked:
    contrast, find = piece.contrast, piece.find
    buggy = _look_for(find(contrast.buggy), contrast.violates, Search(bounds=piece.bounds))
    case = find(contrast.fixed)
    ids = tuple(dict.fromkeys((contrast.violates, *case.scenario.properties)))
    return Checked(piece.name, contrast, buggy, look(case, ids, Search(bounds=piece.bounds, stop_on="all")))


def record(name: str, contrast: Contrast, find: Finder) -> Recording:
    """A shortest execution that shows the bug of a contrast, called `name`.

    Raises: `UserError` when a search does not find one, for example because `find` puts the fix in.
    """
    case, id = find(contrast.buggy), contrast.violates
    verdict = _ask(case, (id,), Search())
    if not verdict.shown:
        raise UserError(f"{name}: nothing breaks {id} in {case} ({verdict.word})")
    return Recording(case, verdict.model, verdict.shown[0].finding.schedule, name, (id,))


def look(case: Case, ids: tuple[str, ...], search: Search) -> Seen:
    """What a search says, as `ask`. If executions ended at violations not asked about, those are asked about as well.

    Raises: KeyboardInterrupt when it was interrupted.
    """
    verdict = _ask(case, ids, search)
    if verdict.exploration.unasked and verdict.exploration.stopped is None:
        more = (*(property.id for property in verdict.properties), *verdict.exploration.unasked)
        verdict = _ask(case, more, attrs.evolve(search, stop_on="all"))
    return Seen.of(verdict)


def _ask(case: Case, ids: tuple[str, ...], search: Search) -> Verdict:
    verdict = ask(case, ids, attrs.evolve(search, certify=False))  # neither `Seen` nor a recording has a certificate
    if verdict.interrupted:
        raise KeyboardInterrupt
    return verdict


def _look_for(case: Case, id: str, search: Search) -> Seen:
    """As `look`, for one property; a long token is replaced by that of a smaller schedule, if that one is shorter."""
    verdict = _ask(case, (id,), search)
    seen = Seen.of(verdict)
    if not verdict.shown or len(verdict.shown[0].token or "") < _LONG:
        return seen
    found = verdict.shown[0].finding
    smaller = shrink_recording(Recording(case, verdict.model, found.schedule, str(case)), (id,), QUICK)
    tokens = [token for token in (verdict.shown[0].token, smaller.token) if token is not None]
    first, *others = seen.findings
    return attrs.evolve(seen, findings=(attrs.evolve(first, token=min(tokens, key=len, default=None)), *others))
