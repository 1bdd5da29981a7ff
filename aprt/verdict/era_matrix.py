"""Which kernel has which bug: each contrast's scenario in every era that has it, as that era's kernel is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from aprt.core.contrast import Contrast
from aprt.core.errors import UserError
from aprt.core.scenario import Era, Settings
from aprt.explore.parallel.crew import Crew, scatter
from aprt.explore.result import Bounds
from aprt.verdict.case import Case
from aprt.verdict.contrasts import Seen, look
from aprt.verdict.search import Finder, Search

Cell: TypeAlias = Literal["has it", "has it not", "open"]


@attrs.frozen
class Entered:
    """One cell: what a search of the contrast's scenario in one era says, with that era's own fixes.

    fixed: whether the era has the fix, by its switch of that name; None where it has no such switch.
    """

    name: str
    era: str
    cell: Cell
    seen: Seen
    fixed: bool | None

    @property
    def surprising(self) -> bool:
        """Whether the era has the bug and the fix, or neither."""
        return self.cell != "open" and self.fixed is (self.cell == "has it")


@attrs.frozen
class _Piece:
    name: str
    era: str
    reference: str
    contrast: Contrast = attrs.field(repr=False)
    find: Finder = attrs.field(repr=False)
    bounds: Bounds = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.name} in {self.era}"


def era_matrix(
    contrasts: Mapping[str, Contrast], eras: Mapping[str, Era], find: Finder, bounds: Bounds, crew: Crew | None = None
) -> Iterator[Entered]:
    """The cells, in the order they come in; where `reference_in` has no answer there is none.

    The rest is as for `check_many`.
    """
    pieces = [
        _Piece(name, era.name, reference, contrast, find, bounds)
        for name, contrast in contrasts.items()
        for era in eras.values()
        if (reference := reference_in(era, contrast)) is not None
    ]
    for _, entered in scatter(crew, _enter, pieces):
        yield entered


def reference_in(era: Era, contrast: Contrast) -> str | None:
    """The contrast's scenario in another era, without any of its fixes put in or taken out.

    None when the era does not have the scenario, one of its switches, or the property.
    """
    if contrast.name not in era.scenarios:
        return None
    try:
        given = [(word, *era.parse(word)) for word in contrast.shared]
    except UserError:
        return None
    defaults = Settings(era.switches)
    words = [word for word, switch, value in given if defaults[switch.name] != value]
    case = Case.make(era, era.scenario(contrast.name), words)
    if all(property.id != contrast.violates for property in case.model().properties):
        return None
    return "+".join((case.name, *words))


def _enter(piece: _Piece) -> Entered:
    contrast, case = piece.contrast, piece.find(piece.reference)
    search = Search(bounds=piece.bounds)
    seen = look(case, (contrast.violates,), search)
    if seen.findings and not _shown(contrast, seen):  # something else came first
        seen = look(case, (contrast.violates,), attrs.evolve(search, stop_on="all"))
    cell: Cell = "has it" if _shown(contrast, seen) else "has it not" if seen.complete else "open"
    fixes = (switch for switch in case.era.switches if switch.kind == "fix" and switch.called(piece.name))
    return Entered(piece.name, piece.era, cell, seen, next((case.settings.on(fix.name) for fix in fixes), None))


def _shown(contrast: Contrast, seen: Seen) -> bool:
    return any(contrast.says(told.property, told.text) for told in seen.findings)
