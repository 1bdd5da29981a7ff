"""A search that is kept in a file: which file, and the question that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from aprt.core.properties import Property
from aprt.explore.saved.answers import SavedAnswers
from aprt.explore.saved.file import SaveFile
from aprt.verdict.case import Case
from aprt.verdict.search import Search


@attrs.frozen
class Keep:
    """Where a search is kept."""

    path: Path
    resume: bool  # go on with the search in the file; else the file is made
    program: str  # the version and source that search: another program may not resume
    halt: Callable[[], bool]  # as in `explore.result.Question`


@contextmanager
def kept(keep: Keep, case: Case, properties: Sequence[Property], search: Search) -> Iterator[tuple[SaveFile, Search]]:
    """The file, and the search with `auto` decided: the strategy of the file, or "states" for a new one.

    Raises: `UserError` when the file cannot be used, or is about another question.
    """
    if not keep.resume:
        search = attrs.evolve(search, strategy="states") if search.strategy == "auto" else search
        with SaveFile(keep.path, _question(keep, case, properties, search)) as file:
            yield file, search
        return
    with SaveFile(keep.path) as file:
        if search.strategy == "auto":
            search = attrs.evolve(search, strategy=file.question.get("strategy", "states"))
        file.check(_question(keep, case, properties, search))
        yield file, search


@contextmanager
def kept_answers(keep: Keep, asked: Sequence[str], ids: Sequence[str], search: Search) -> Iterator[SavedAnswers]:
    """The answers about these scenarios that the file has. Raises: as `kept`, also where bounds are not the same."""
    bounds = search.bounds
    question = {
        "scenarios": " ".join(asked),
        "properties": " ".join(ids) or "of each its own",
        **_manner(keep, search),
        "max-states": _bound(bounds.max_states),
        "budget": _bound(bounds.budget),
        "runs": str(search.runs),
    }
    with SaveFile(keep.path, None if keep.resume else question) as file:
        file.check(question)
        yield SavedAnswers(file)


def _question(keep: Keep, case: Case, properties: Sequence[Property], search: Search) -> Mapping[str, str]:
    """What must be the same for the search to go on as if nothing had happened. Bounds that were hit may be raised."""
    ids = " ".join(property.id for property in properties)
    return {"scenario": str(case), "properties": ids, **_manner(keep, search)}


def _manner(keep: Keep, search: Search) -> Mapping[str, str]:
    return {
        "strategy": search.strategy,
        "symmetry": "yes" if search.symmetry else "no",
        "seed": str(search.seed),
        "stop-on": search.stop_on,
        "max-depth": _bound(search.bounds.max_depth),
        "program": keep.program,
    }


def _bound(most: float | None) -> str:
    return "none" if most is None else str(most)
