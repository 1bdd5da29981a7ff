"""What `aprt explore` can tell instead of a verdict: the measures matrix, a comparison, an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from aprt.cli.cases import Registry, changed_case, changed_pairs
from aprt.cli.diff import tell_difference, tell_differences
from aprt.cli.gathered import gathered
from aprt.cli.names import CHANGE
from aprt.cli.options import typed
from aprt.cli.output import EXITS, INTERRUPTED, REPORTS, echo, paint

if TYPE_CHECKING:
    from aprt.cli.gathered import Sharing
    from aprt.cli.interrupts import Interrupts
    from aprt.explore.result import Bounds
    from aprt.verdict.case import Case
    from aprt.verdict.search import Search

_PATIENCE: Final = 10.0  # seconds for an estimate, when no --budget is given

_ALWAYS_HEEDED: Final = ("--era", "--with", "--without", "--max-depth", "--budget", "--format", "--color")
_HEEDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "--measures-matrix": ("--property", "--max-states"),
        "--compare": ("--property", "--max-states", "--bisect"),
        "--estimate": ("--runs", "--seed"),
    }
)
_SHARED: Final = ("--jobs", "--cluster")  # heeded as well where several scenarios are compared


class Instead(NamedTuple):
    """The options that ask for something else than a verdict."""

    measures_matrix: bool
    changes: tuple[tuple[str, str], ...]
    estimate: bool

    @property
    def options(self) -> dict[str, object]:
        """What was given for each."""
        return {"--measures-matrix": self.measures_matrix, "--compare": self.changes, "--estimate": self.estimate}

    @property
    def asked(self) -> list[str]:
        """Those that were given, the one that counts first."""
        return [option for option, given in self.options.items() if given]

    def check(self, form: str, sharing: Sharing, several: bool = False) -> None:
        """Refuse what was typed together with an option that could only ignore it. several: scenarios.

        `--jobs 1` says what is done anyway, and may come from a script.
        """
        option = self.asked[0]
        heeded = {option, *_ALWAYS_HEEDED, *_HEEDED[option], *(_SHARED if several else ())}
        if sharing.jobs == 1:
            heeded.add("--jobs")
        ignored = [other for other in typed() if other not in heeded]
        for other in (*ignored, *([f"--format {form}"] if form in REPORTS else [])):
            raise click.UsageError(f"{option} and {other} cannot be combined")

    def tell(
        self,
        registry: Registry,
        case: Case,
        properties: tuple[str, ...],
        search: Search,
        form: str,
        color: str,
        interrupts: Interrupts,
    ) -> int:
        """Print what is asked for, and give the exit code."""
        if self.measures_matrix:
            return _tell_matrix(case, properties, search.bounds, form, color, interrupts)
        if self.changes:
            changed = changed_case(registry, case, self.changes)
            return tell_difference(case, changed, properties, search.bounds, form, color, interrupts)
        return _tell_estimate(case, search, form, color, interrupts)

    def tell_many(
        self,
        registry: Registry,
        cases: tuple[Case, ...],
        properties: tuple[str, ...],
        search: Search,
        sharing: Sharing,
        form: str,
        color: str,
        interrupts: Interrupts,
    ) -> int:
        """Print in which of these cases the changes make a difference, and give the exit code."""
        pairs = changed_pairs(registry, cases, self.changes)
        return tell_differences(registry, pairs, properties, search.bounds, sharing, form, color, interrupts)


instead_options = gathered(
    "instead",
    Instead,
    click.option("--measures-matrix", is_flag=True, help="Try every subset of the era's measures instead."),
    click.option(
        "--compare",
        "changes",
        type=CHANGE,
        multiple=True,
        metavar="with=SWITCH|without=SWITCH",
        help="Tell what this changes instead, as aprt diff does, also in several scenarios; repeat it.",
    ),
    click.option("--estimate", is_flag=True, help="Only say about how many interleavings and traces there are."),
)


def _tell_matrix(
    case: Case, properties: tuple[str, ...], limits: Bounds, form: str, color: str, interrupts: Interrupts
) -> int:
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.case import changed_measures
    from aprt.verdict.measures import measures_matrix
    from aprt.view.matrix_json import matrix_json
    from aprt.view.matrix_text import matrix_text

    if changed := changed_measures(case):
        raise click.UsageError(f"--measures-matrix tries every set of measures: leave {', '.join(changed)} to it")
    with ProgressLine() as progress:
        matrix = measures_matrix(
            case,
            properties,
            limits,
            lambda done, of: progress.tell(f"{done} of {of} sets of measures"),
            interrupts.allowed,
        )
    echo(matrix_json(matrix) if form == "json" else matrix_text(matrix, paint(color)))
    if matrix.interrupted:
        return INTERRUPTED
    return EXITS["HOLDS" if matrix.complete else "INCONCLUSIVE"]


def _tell_estimate(case: Case, search: Search, form: str, color: str, interrupts: Interrupts) -> int:
    from aprt.cli.progress import ProgressLine
    from aprt.explore.sampling.estimates import estimate
    from aprt.view.estimate_text import estimate_json, estimate_text

    limits = search.bounds
    budget = _PATIENCE if limits.budget is None else limits.budget
    system = case.model().system
    with ProgressLine() as progress:
        found = estimate(
            system,
            search.runs,
            seed=search.seed,
            max_depth=limits.max_depth,
            budget=budget,
            report=progress,
            halt=lambda: interrupts.pending,
        )
    echo(estimate_json(case, found) if form == "json" else estimate_text(case, found, paint(color)))
    return INTERRUPTED if found.interrupted else EXITS["HOLDS"]
