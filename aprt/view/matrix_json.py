"""Which sets of measures do, as JSON, for programs. The keys and the words in them are a contract."""

from __future__ import annotations

from collections.abc import Iterable

from aprt.verdict.measures import Matrix
from aprt.view.json_text import dump
from aprt.view.version import aprt_version

SCHEMA = "aprt.matrix/1"


def matrix_json(matrix: Matrix) -> str:
    """One object, `aprt.matrix/1`: per property the minimal sets, and what every subset violates."""
    return dump(
        {
            "schema": SCHEMA,
            "scenario": str(matrix.case),
            "measures": list(matrix.measures),
            "complete": matrix.complete,
            "minimal": {p: [_ordered(matrix, s) for s in matrix.minimal(p)] for p in matrix.properties},
            "unexercised": [p for p in matrix.properties if not matrix.exercised(p)],
            "subsets": [
                {
                    "with": _ordered(matrix, subset),
                    "complete": exploration.complete,
                    "unasked": list(exploration.unasked),
                    "states": exploration.states,
                    "violated": [f.property for f in exploration.findings],
                }
                for subset, exploration in matrix.explored.items()
            ],
            "version": aprt_version(),
        }
    )


def _ordered(matrix: Matrix, subset: Iterable[str]) -> list[str]:
    wanted = set(subset)
    return [name for name in matrix.measures if name in wanted]
