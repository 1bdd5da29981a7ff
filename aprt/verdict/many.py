"""Many questions at once, handed out to a crew: one piece of work is one case, searched and confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from aprt.core.errors import UserError
from aprt.explore.parallel.crew import Crew, scatter
from aprt.explore.result import Exploration
from aprt.verdict.ask import ask
from aprt.verdict.search import Finder, Search
from aprt.verdict.verdict import Shown, Verdict, selected


@attrs.frozen
class Shard:
    """Part `number` (from 1) of `of` of a list: every `of`-th piece, so that neighbours go to different parts."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From `i/n`. Raises: `UserError`."""
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise UserError(f"{text!r} is no shard (try 1/4: the first of four)")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def of_list(self, references: Sequence[str]) -> tuple[str, ...]:
        return tuple(references[self.number - 1 :: self.of])


@attrs.frozen
class _Piece:
    find: Finder = attrs.field(repr=False)
    reference: str
    ids: tuple[str, ...]
    search: Search = attrs.field(repr=False)

    def __str__(self) -> str:
        return self.reference


def ask_many(
    references: Sequence[str], find: Finder, ids: tuple[str, ...], search: Search, crew: Crew | None = None
) -> Iterator[Verdict]:
    """The verdict on each case, in the order they come in: that of `references` without a crew.

    find: gives the case of a reference; with a crew it must be picklable. The rest is as for `ask`.
    """
    pieces = [_Piece(find, reference, ids, search) for reference in references]
    if crew is None:
        for piece in pieces:
            yield ask(find(piece.reference), ids, search)
        return
    for piece, (exploration, shown) in scatter(crew, _answer, pieces):
        case = find(piece.reference)
        model = case.model()
        yield Verdict(case, model, selected(case, model, ids), exploration, shown)


def _answer(piece: _Piece) -> tuple[Exploration, tuple[Shown, ...]]:
    verdict = ask(piece.find(piece.reference), piece.ids, piece.search)
    return verdict.exploration, verdict.shown
