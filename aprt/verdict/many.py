"""Many questions at once, handed out to a crew: a piece of work is one case, searched, confirmed and put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from importlib import import_module
from typing import Generic, TypeVar

import attrs

from aprt.core.errors import UserError
from aprt.explore.parallel.crew import Crew, scatter
from aprt.explore.result import Bounds
from aprt.explore.strategies import find_strategy
from aprt.verdict.ask import ask
from aprt.verdict.difference import Difference, difference
from aprt.verdict.search import Finder, Search
from aprt.verdict.verdict import Verdict

T = TypeVar("T")


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
class _Piece(Generic[T]):
    find: Finder = attrs.field(repr=False)
    reference: str
    ids: tuple[str, ...]
    search: Search = attrs.field(repr=False)
    tell: Callable[[Verdict], T] = attrs.field(repr=False)

    def __str__(self) -> str:
        return self.reference


@attrs.frozen
class _Refused:
    """Why a case is not to be searched like this."""

    why: str


@attrs.frozen
class _Pair(Generic[T]):
    find: Finder = attrs.field(repr=False)
    references: tuple[str, str]
    ids: tuple[str, ...]
    bounds: Bounds = attrs.field(repr=False)
    tell: Callable[[Difference], T] = attrs.field(repr=False)

    def __str__(self) -> str:
        return " and ".join(self.references)


def question_of(references: Sequence[str], own: Sequence[str], ids: tuple[str, ...], search: Search) -> str:
    """A digest of a question about a whole list, by which shards of the same question know each other.

    own: the models that are made from files of a user's (`own_models`).
    """
    return blake2b(repr((tuple(references), tuple(own), ids, search)).encode(), digest_size=8).hexdigest()


def ask_many(
    references: Sequence[str],
    find: Finder,
    ids: tuple[str, ...],
    search: Search,
    tell: Callable[[Verdict], T],
    crew: Crew | None = None,
) -> Iterator[tuple[str, T]]:
    """Each reference with what `tell` makes of its verdict, as they are found: without a crew in the given order.

    find: gives the case of a reference. tell: is called in the process that found the verdict, so that a crew shares
    that work, too. With a crew both, and what `tell` returns, must be picklable. The rest is as for `ask`.

    Raises: `UserError` in the end, when all others have been given, for cases that are not to be searched like this.
    """
    if crew is not None:
        _prepare(search.strategy)
    pieces, refused = [_Piece(find, reference, ids, search, tell) for reference in references], dict[str, str]()
    for piece, answer in scatter(crew, _answer, pieces):
        if isinstance(answer, _Refused):
            refused[piece.reference] = answer.why
        else:
            yield piece.reference, answer
    if refused:
        first = next(reference for reference in references if reference in refused)
        others = f" (and {len(refused) - 1} more cannot be searched like this)" if len(refused) > 1 else ""
        raise UserError(f"{first}: {refused[first]}{others}")


def compare_many(
    pairs: Sequence[tuple[str, str]],
    find: Finder,
    ids: tuple[str, ...],
    bounds: Bounds,
    tell: Callable[[Difference], T],
    crew: Crew | None = None,
) -> Iterator[tuple[tuple[str, str], T]]:
    """What `tell` makes of the difference between the two cases of each pair; bounds: of each search of the two.

    The rest is as for `ask_many` and `difference`.
    """
    if crew is not None:
        _prepare("auto")
    for pair, answer in scatter(crew, _compare, [_Pair(find, pair, ids, bounds, tell) for pair in pairs]):
        yield pair.references, answer


def _prepare(strategy: str) -> None:
    """Import what most pieces need before workers are forked, so that they need not import it one by one."""
    find_strategy(strategy)
    import_module("aprt.verdict.confirm")  # with trio, which takes long to import


def _answer(piece: _Piece[T]) -> T | _Refused:
    try:
        return piece.tell(ask(piece.find(piece.reference), piece.ids, piece.search))
    except UserError as error:
        return _Refused(str(error))


def _compare(pair: _Pair[T]) -> T:
    before, after = map(pair.find, pair.references)
    return pair.tell(difference(before, after, pair.ids, pair.bounds))
