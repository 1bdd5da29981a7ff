"""A search that is kept in a file: which file, and the question that it is about."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from aprt.core.properties import Property
from aprt.explore.saved.answers import SavedAnswers
from aprt.explore.saved.file import SaveFile
from aprt.verdict.case import Case
from aprt.verdict.model_hash import model_hash
from aprt.verdict.search import Search


@attrs.frozen
class Keep:
    """Where a search is kept."""

    path: Path
    resume: bool  # go on with the search in the file; else the file is made
    program: str  # the version and source that search: another program may not resume


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
def kept_answers(
    keep: Keep, asked: Sequence[str], own: Sequence[str], ids: Sequence[str], search: Search
) -> Iterator[SavedAnswers]:
    """The answers about these scenarios that the file has, but for those that a bound left open which is higher now.

    own: the models that are made from files of a user's (`own_models`).

    Raises: as `kept`.
    """
    question = {
        "scenarios": " ".join(asked),
        "properties": " ".join(ids) or "of each its own",
        **_manner(keep, search),
        "model": " ".join(own) or "none",
    }
    bounds = {
        "max-states": _bound(search.bounds.max_states),
        "budget": _bound(search.bounds.budget),
        "runs": _bound(search.runs),
    }
    with SaveFile(keep.path, None if keep.resume else question | bounds) as file:
        file.check(question)
        answers = SavedAnswers(file)
        if any(_most(bounds[name]) > _most(file.question[name]) for name in bounds):
            ended = "VIOLATED" if search.stop_on == "first" else None
            answers.forget(lambda answer: answer.get("open") and answer.get("verdict") != ended)
        file.amend(bounds)
        yield answers


def _question(keep: Keep, case: Case, properties: Sequence[Property], search: Search) -> Mapping[str, str]:
    """What must be the same for the search to go on as if nothing had happened. Bounds that were hit may be raised."""
    ids = " ".join(property.id for property in properties)
    return {"scenario": str(case), "properties": ids, **_manner(keep, search), "model": model_hash(case.model())}


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


def _most(bound: str) -> float:
    return math.inf if bound == "none" else float(bound)
