"""What `aprt explore` tells instead of a verdict, and which of its options do not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from aprt.cli.output import EXITS, INTERRUPTED, echo, paint

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.explore.result import Bounds
    from aprt.verdict.case import Case
    from aprt.verdict.search import Search

_PATIENCE: Final = 10.0  # seconds for an estimate, when no --budget is given


def check_single(options: Mapping[str, object]) -> None:
    """Refuse what several scenarios have no use for."""
    if any(options.values()):
        raise click.UsageError(f"{', '.join(options)}: for one SCENARIO, without --shard")


def check_instead(instead: Mapping[str, object], search: Search, others: Mapping[str, object]) -> None:
    """Refuse what was given together with an option that could only ignore it, which are those of `instead`."""
    chosen = [option for option, given in instead.items() if given]
    ignored = {
        "--strategy": search.strategy not in ("auto", "states"),
        "--loop": search.loop != "auto",
        "--symmetry": search.symmetry,
        **dict.fromkeys(chosen[1:], True),
        **others,
    }
    for other, given in ignored.items():
        if chosen and given:
            raise click.UsageError(f"{chosen[0]} and {other} cannot be combined")


def tell_matrix(
    case: Case, properties: tuple[str, ...], limits: Bounds, form: str, color: str, interrupts: Interrupts
) -> int:
    """Search with every set of measures, print which are enough, and give the exit code."""
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.case import changed_measures
    from aprt.verdict.measures import measures_matrix
    from aprt.view.matrix_text import matrix_text
    from aprt.view.verdict_json import matrix_json

    if changed := changed_measures(case):
        raise click.UsageError(f"--measures-matrix tries every set of measures: leave {', '.join(changed)} to it")
    progress = ProgressLine()
    matrix = measures_matrix(
        case,
        properties,
        limits,
        lambda done, of: progress.tell(f"{done} of {of} sets of measures"),
        interrupts.allowed,
    )
    progress.close()
    echo(matrix_json(matrix) if form == "json" else matrix_text(matrix, paint(color)))
    if matrix.interrupted:
        return INTERRUPTED
    return EXITS["HOLDS" if matrix.complete else "INCONCLUSIVE"]


def tell_estimate(case: Case, search: Search, form: str, color: str) -> int:
    """Print about how much there is to search, and give the exit code."""
    from aprt.explore.estimates import estimate
    from aprt.view.estimate_text import estimate_json, estimate_text

    limits = search.bounds
    budget = _PATIENCE if limits.budget is None else limits.budget
    system = case.model().system
    found = estimate(system, search.runs, seed=search.seed, max_depth=limits.max_depth, budget=budget)
    echo(estimate_json(case, found) if form == "json" else estimate_text(case, found, paint(color)))
    return EXITS["HOLDS"]
