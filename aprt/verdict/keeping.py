"""A search that is kept in a file: which file, and the question that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from aprt.core.properties import Property
from aprt.explore.saved.file import SaveFile
from aprt.verdict.case import Case
from aprt.verdict.search import Search


@attrs.frozen
class Keep:
    """resume: go on with the file, which is made otherwise. program: which one searches, source and all.

    halt: as in `explore.Question`.
    """

    path: Path
    resume: bool
    program: str
    halt: Callable[[], bool]


@contextmanager
def kept(keep: Keep, case: Case, properties: Sequence[Property], search: Search) -> Iterator[tuple[SaveFile, Search]]:
    """The file, and the search with its strategy decided: that of the file, in a new one "states".

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


def _question(keep: Keep, case: Case, properties: Sequence[Property], search: Search) -> Mapping[str, str]:
    """What must be the same for the search to go on as if nothing had happened. Bounds that were hit may be raised."""
    depth = search.bounds.max_depth
    return {
        "scenario": str(case),
        "properties": " ".join(property.id for property in properties),
        "strategy": search.strategy,
        "symmetry": "yes" if search.symmetry else "no",
        "seed": str(search.seed),
        "stop-on": search.stop_on,
        "max-depth": "none" if depth is None else str(depth),
        "program": keep.program,
    }
