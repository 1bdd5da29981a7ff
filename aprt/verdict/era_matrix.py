"""Which kernel has which bug: each row's question, asked of every era that has the situation, with that era's fixes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from aprt.core.errors import UserError
from aprt.core.question import Question, Row
from aprt.core.scenario import Era, Settings
from aprt.explore.parallel.crew import Crew, scatter
from aprt.explore.result import Bounds
from aprt.verdict.case import Case
from aprt.verdict.contrasts import Seen, look
from aprt.verdict.search import Finder, Search

Cell: TypeAlias = Literal["has it", "has it not", "open"]


@attrs.frozen
class Asked:
    """One cell to fill: the question of a row, and the case in which it is asked of an era."""

    name: str
    era: str
    reference: str
    question: Question


@attrs.frozen
class Entered:
    """One cell: what a search of the row's scenario in one era says, with that era's own fixes."""

    name: str  # of the row
    era: str
    cell: Cell
    seen: Seen
    fixed: bool | None  # whether the era has the fix of that name; None where it has no switch for it

    @property
    def surprising(self) -> bool:
        """Whether the era has the bug although it has the fix, or has neither."""
        return self.cell != "open" and self.fixed is (self.cell == "has it")


@attrs.frozen
class _Piece:
    asked: Asked
    find: Finder = attrs.field(repr=False)
    bounds: Bounds = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.asked.name} in {self.asked.era}"


def questions(rows: Iterable[Row], eras: Mapping[str, Era]) -> list[Asked]:
    """What there is to ask, row by row."""
    return [
        Asked(row.name, era.name, *found)
        for row in rows
        for era in eras.values()
        if era.name not in row.unasked and (found := _asked(row, era)) is not None
    ]


def _asked(row: Row, era: Era) -> tuple[str, Question] | None:
    found = ((reference_in(era, question), question) for question in row.questions)
    return next(((reference, question) for reference, question in found if reference is not None), None)


def era_matrix(asked: Iterable[Asked], find: Finder, bounds: Bounds, crew: Crew | None = None) -> Iterator[Entered]:
    """The cells, as they are found. find, bounds, crew, and what is raised: as for `check_many`."""
    for _, entered in scatter(crew, _enter, [_Piece(one, find, bounds) for one in asked]):
        yield entered


def reference_in(era: Era, question: Question) -> str | None:
    """The case in which an era is asked, with its fixes as its kernel has them.

    None when the era lacks the scenario, one of the switches, or the property.
    """
    if question.name not in era.scenarios:
        return None
    try:
        given = [(word, *era.parse(word)) for word in question.words]
    except UserError:
        return None
    defaults = Settings(era.switches)
    words = [word for word, switch, value in given if defaults[switch.name] != value]
    case = Case.make(era, era.scenario(question.name), words)
    if all(property.id != question.violates for property in case.model().properties):
        return None
    return "+".join((case.name, *words))


def _enter(piece: _Piece) -> Entered:
    asked, question, case = piece.asked, piece.asked.question, piece.find(piece.asked.reference)
    search = Search(bounds=piece.bounds)
    seen = look(case, (question.violates,), search)
    if seen.findings and not _shown(question, seen):  # something else came first
        seen = look(case, (question.violates,), attrs.evolve(search, stop_on="all"))
    cell: Cell = "has it" if _shown(question, seen) else "has it not" if seen.complete else "open"
    fixes = (switch for switch in case.era.switches if switch.kind == "fix" and switch.called(asked.name))
    return Entered(asked.name, asked.era, cell, seen, next((case.settings.on(fix.name) for fix in fixes), None))


def _shown(question: Question, seen: Seen) -> bool:
    return any(question.says(told.property, told.text) for told in seen.findings)
