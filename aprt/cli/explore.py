"""`aprt explore`: search a scenario and say what came out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aprt.cli.bisect import Bisected
from aprt.cli.diff import tell_difference
from aprt.cli.interrupts import Interrupts
from aprt.cli.many import explore_many
from aprt.cli.names import CHANGE, STRATEGY
from aprt.cli.options import (
    EXITS,
    INTERRUPTED,
    REPORTS,
    Registry,
    bound_options,
    bounds,
    case_finder,
    changed_case,
    color_option,
    crew,
    crew_options,
    echo,
    era_option,
    find_cases,
    format_choice,
    paint,
    property_option,
    remark,
    scenarios_argument,
    seed_option,
    switch_options,
)

if TYPE_CHECKING:
    from aprt.explore.result import Bounds, LoopName, StopOn
    from aprt.verdict.case import Case
    from aprt.verdict.keeping import Keep
    from aprt.verdict.search import Crewed, Search
    from aprt.verdict.verdict import Verdict

_PATIENCE = 10.0  # seconds for an estimate, when no --budget is given


@click.command("explore", cls=Bisected, short_help="Search a scenario for a schedule that breaks a property.")
@scenarios_argument
@era_option
@switch_options
@property_option
@click.option(
    "--strategy",
    type=STRATEGY,
    default="auto",
    metavar="NAME",
    help="auto, states, reduced, dpor (complete), or by lot: random, urw, pos, pct[:D], delay[:D], portfolio.",
)
@bound_options
@click.option("--stop-on", type=click.Choice(["first", "all"]), default="first", help="Which violation ends it.")
@click.option("--runs", type=click.IntRange(min=1), default=1000, help="How many, where lots are drawn.")
@seed_option
@click.option(
    "--loop",
    type=click.Choice(["auto", "plain", "compiled"]),
    default="auto",
    help="Of strategy states; compiled needs the extra aprt[fast], and auto takes it where it pays.",
)
@click.option("--symmetry", is_flag=True, help="States that differ in which like part is which count once.")
@click.option("--schedule", type=click.Path(path_type=Path), metavar="FILE", help="Write the schedule of the finding.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep the search there, to resume it.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="FILE", help="Go on with the search kept there.")
@click.option("--certificate", is_flag=True, help="Tell all that the verdict rests on, and what was never exercised.")
@click.option("--measures-matrix", is_flag=True, help="Try every subset of the era's measures instead.")
@click.option(
    "--compare",
    "changes",
    type=CHANGE,
    multiple=True,
    metavar="with=SWITCH|without=SWITCH",
    help="Tell what this changes instead, as aprt diff does; repeat it.",
)
@click.option("--estimate", is_flag=True, help="Only say about how many interleavings and traces there are.")
@crew_options
@click.option(
    "--shard", metavar="I/N", help="Only the I-th of N parts of several SCENARIOs; aprt merge puts them together."
)
@format_choice(*REPORTS)
@color_option
@click.pass_obj
def command(
    registry: Registry,
    scenarios: tuple[str, ...],
    era: str | None,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    properties: tuple[str, ...],
    strategy: str,
    max_states: int | None,
    max_depth: int | None,
    budget: float | None,
    stop_on: StopOn,
    runs: int,
    seed: int,
    loop: LoopName,
    symmetry: bool,
    schedule: Path | None,
    save: Path | None,
    resume: Path | None,
    certificate: bool,
    measures_matrix: bool,
    changes: tuple[tuple[str, str], ...],
    estimate: bool,
    jobs: int,
    cluster: str | None,
    shard: str | None,
    form: str,
    color: str,
) -> int:
    """Search SCENARIO (ERA/NAME[+SWITCH...]) for a schedule that breaks a property.

    Several, or a pattern such as 'v4/h*', are answered with a line each. Exits with 0 when the properties hold,
    1 when one is violated, 3 when that stays open.
    """
    with Interrupts() as interrupts:
        from aprt.verdict.search import Crewed, Search

        limits = bounds(max_states, max_depth, budget)
        search = Search(strategy, limits, stop_on, seed, runs, symmetry, loop)
        cases = find_cases(registry, scenarios, era, put_in, taken_out)
        if len(cases) > 1 or shard is not None:
            _check_single(
                {"--schedule": schedule, "--save": save, "--resume": resume, "--certificate": certificate}
                | {"--measures-matrix": measures_matrix, "--compare": changes, "--estimate": estimate}
            )
            return explore_many(registry, cases, shard, properties, search, jobs, cluster, form, interrupts)
        (case,) = cases
        instead = {"--measures-matrix": measures_matrix, "--compare": bool(changes), "--estimate": estimate}
        if chosen := [option for option, given in instead.items() if given]:
            others: dict[str, object] = dict.fromkeys(chosen[1:], True)
            others |= {"--schedule": schedule, "--jobs": jobs > 1, "--cluster": cluster}
            others |= {"--save": save, "--resume": resume, f"--format {form}": form in REPORTS}
            _check_alone(chosen[0], search, others)
        if measures_matrix:
            _check_matrix(case)
            return _matrix(case, properties, limits, form, color, interrupts)
        if changes:
            return tell_difference(
                case, changed_case(registry, case, changes), properties, limits, form, color, interrupts
            )
        if estimate:
            return _estimate(case, search, form, color)
        with crew(jobs, cluster) as workers:
            crewed = None if workers is None else Crewed(workers, case_finder(registry))
            keep = _keep(save, resume, interrupts)
            verdict = _ask(case, properties, search, interrupts, crewed, keep)
        _show(verdict, form, color, certificate)
        if schedule is not None:
            _write(verdict, schedule)
        if keep is not None and not verdict.exploration.complete:
            remark(f"what was found is in {keep.path}: the same with --resume {keep.path} goes on")
        return INTERRUPTED if verdict.interrupted or interrupts.pending else EXITS[verdict.word]


def _keep(save: Path | None, resume: Path | None, interrupts: Interrupts) -> Keep | None:
    if save is not None and resume is not None:
        raise click.UsageError("--save and --resume cannot be combined: what is resumed is saved where it was")
    path = save or resume
    if path is None:
        return None
    from aprt.verdict.keeping import Keep
    from aprt.view.version import aprt_source

    return Keep(path, save is None, aprt_source(), lambda: interrupts.pending)


def _ask(
    case: Case,
    properties: tuple[str, ...],
    search: Search,
    interrupts: Interrupts,
    crewed: Crewed | None,
    keep: Keep | None,
) -> Verdict:
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.ask import ask

    progress = ProgressLine()
    # a search that is kept is asked to halt, where it can be resumed
    interruptible = interrupts.allowed if keep is None else None
    try:
        verdict = ask(case, properties, search, progress, interruptible, crewed, keep)
    except BaseException:
        progress.close()
        raise
    progress.close(verdict.exploration)
    return verdict


def _show(verdict: Verdict, form: str, color: str, certificate: bool) -> None:
    if form == "json":
        from aprt.view.verdict_json import verdict_json

        echo(verdict_json(verdict))
    elif form in REPORTS:
        from aprt.view.results import report
        from aprt.view.verdict_report import verdict_suite

        echo(report(form, [verdict_suite(verdict)]))
    else:
        from aprt.view.verdict_text import verdict_text

        echo(verdict_text(verdict, paint(color), certificate))


def _write(verdict: Verdict, path: Path) -> None:
    from aprt.verdict.tokens import save

    if not verdict.shown:
        remark(f"nothing was violated, so {path} was not written")
        return
    save(path, verdict.case, verdict.shown[0].finding.schedule)
    remark(f"the schedule is in {path}; aprt replay {path}")


def _check_single(options: Mapping[str, object]) -> None:
    """Refuse what several scenarios have no use for."""
    if any(options.values()):
        raise click.UsageError(f"{', '.join(options)}: for one SCENARIO, without --shard")


def _check_alone(option: str, search: Search, others: Mapping[str, object]) -> None:
    """Refuse what was given together with an option that could only ignore it."""
    strategy = search.strategy not in ("auto", "states")
    ignored = {"--strategy": strategy, "--loop": search.loop != "auto", "--symmetry": search.symmetry, **others}
    for other, given in ignored.items():
        if given:
            raise click.UsageError(f"{option} and {other} cannot be combined")


def _check_matrix(case: Case) -> None:
    from aprt.verdict.case import changed_measures

    changed = changed_measures(case)
    if changed:
        raise click.UsageError(f"--measures-matrix tries every set of measures: leave {', '.join(changed)} to it")


def _estimate(case: Case, search: Search, form: str, color: str) -> int:
    from aprt.explore.estimates import estimate
    from aprt.view.estimate_text import estimate_json, estimate_text

    limits = search.bounds
    budget = _PATIENCE if limits.budget is None else limits.budget
    system = case.model().system
    found = estimate(system, search.runs, seed=search.seed, max_depth=limits.max_depth, budget=budget)
    echo(estimate_json(case, found) if form == "json" else estimate_text(case, found, paint(color)))
    return EXITS["HOLDS"]


def _matrix(
    case: Case, properties: tuple[str, ...], limits: Bounds, form: str, color: str, interrupts: Interrupts
) -> int:
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.measures import measures_matrix
    from aprt.view.matrix_text import matrix_text
    from aprt.view.verdict_json import matrix_json

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
    return 0 if matrix.complete else EXITS["INCONCLUSIVE"]
