"""`aprt explore`: search a scenario and say what came out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aprt.cli.bisect import Bisected
from aprt.cli.cases import Registry, case_finder
from aprt.cli.gathered import Sharing, bound_options, cases_options, crew_options, gathered, with_interrupts
from aprt.cli.instead import Instead, instead_options
from aprt.cli.many import explore_many
from aprt.cli.names import STRATEGY
from aprt.cli.options import Number, color_option, format_choice, property_option, schedule_option, seed_option, typed
from aprt.cli.output import EXITS, INTERRUPTED, REPORTS, echo, paint, remark

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.explore.result import Bounds, LoopName, StopOn
    from aprt.verdict.case import Case
    from aprt.verdict.keeping import Keep
    from aprt.verdict.search import Search
    from aprt.verdict.verdict import Verdict

_GOES_ON: Final = frozenset({"max_states", "budget", "runs", "interrupted"})  # what ends a search that can be resumed


def _search(
    strategy: str, limits: Bounds, stop_on: StopOn, runs: int | None, seed: int, loop: LoopName, symmetry: bool
) -> Search:
    from aprt.explore.strategies import draws_lots
    from aprt.verdict.search import PLAIN, Search

    if strategy != "auto" and not draws_lots(strategy):
        for option in ("--runs", "--seed"):
            if option in typed():
                raise click.UsageError(f"{option} is for random runs, and --strategy {strategy} does none")
    return Search(strategy, limits, stop_on, seed, PLAIN.runs if runs is None else runs, symmetry, loop)


search_options = gathered(
    "search",
    _search,
    click.option(
        "--strategy",
        type=STRATEGY,
        default="auto",
        metavar="NAME",
        help="Complete: auto, states, reduced, dpor. Random runs: random, urw, pos, pct[:D], delay[:D], portfolio.",
    ),
    bound_options,
    click.option(
        "--stop-on",
        type=click.Choice(["first", "all"]),
        default="first",
        help="End at the first violation, or find all.",
    ),
    click.option("--runs", type=Number(min=1), help="How many, of strategies with random runs.  [1000]"),
    seed_option,
    click.option(
        "--loop",
        type=click.Choice(["auto", "plain", "compiled"]),
        default="auto",
        help="For strategy states. compiled needs the extra aprt[fast]; auto takes it where it pays.",
    ),
    click.option(
        "--symmetry", is_flag=True, help="Count states once that differ only in which of several like parts is which."
    ),
)


@click.command("explore", cls=Bisected, short_help="Search a scenario for a schedule that breaks a property.")
@with_interrupts
@cases_options
@property_option
@search_options
@schedule_option("Write the schedule of the finding.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep the search there, to resume it.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="FILE", help="Go on with the search kept there.")
@click.option("--certificate", is_flag=True, help="List what the verdict rests on, and what was never exercised.")
@instead_options
@crew_options
@click.option(
    "--shard", metavar="I/N", help="Only the I-th of N parts of several SCENARIOs; aprt merge puts them together."
)
@format_choice(*REPORTS)
@color_option
@click.pass_obj
def command(
    registry: Registry,
    cases: tuple[Case, ...],
    properties: tuple[str, ...],
    search: Search,
    schedule: Path | None,
    save: Path | None,
    resume: Path | None,
    certificate: bool,
    instead: Instead,
    sharing: Sharing,
    shard: str | None,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Search SCENARIO (ERA/NAME[+SWITCH...], or FILE.py:NAME of your own) for a schedule that breaks a property.

    Several, or a pattern such as 'v4/h*', are answered with a line each; with --compare, those whose answer changes.
    Exits with 0 when the properties hold (with --compare: none is added), 1 when one is violated (added), 3 when that
    stays open.
    """
    if instead.changes and len(cases) > 1:
        instead.check(form, sharing, several=True)
        return instead.tell_many(registry, cases, properties, search, sharing, form, color, interrupts)
    if certificate and form in REPORTS:
        raise click.UsageError(f"--certificate is for text, and JSON always has it: --format {form} cannot show it")
    keep = _keep(save, resume, schedule)
    if len(cases) > 1 or shard is not None:
        _check_single({"--schedule": schedule, "--certificate": certificate} | instead.options, len(cases))
        return explore_many(registry, cases, shard, properties, search, sharing, form, color, interrupts, keep)
    (case,) = cases
    if instead.asked:
        instead.check(form, sharing)
        return instead.tell(registry, case, properties, search, form, color, interrupts)
    verdict = _ask(registry, case, properties, search, sharing, keep, interrupts)
    _show(verdict, form, color, certificate)
    _tell_ignored(search, verdict)
    if schedule is not None:
        _write(verdict, schedule)
    if keep is not None and verdict.exploration.stopped in _GOES_ON:
        from aprt.view.commands import quoted

        more = " and more --runs" if verdict.exploration.stopped == "runs" else ""
        remark(f"what was found is in {keep.path}: the same with --resume {quoted(keep.path)}{more} goes on")
    return INTERRUPTED if verdict.interrupted else EXITS[verdict.word]


def _check_single(options: Mapping[str, object], cases: int) -> None:
    """Refuse what several scenarios, or a shard of them, have no use for."""
    given = [option for option, value in options.items() if value]
    if given and cases > 1:
        raise click.UsageError(f"{', '.join(given)}: for one SCENARIO, not for {cases}")
    if given:
        raise click.UsageError(f"{', '.join(given)} and --shard cannot be combined")


def _keep(save: Path | None, resume: Path | None, schedule: Path | None) -> Keep | None:
    if save is not None and resume is not None:
        raise click.UsageError("--save and --resume cannot be combined: what is resumed is saved where it was")
    path = save or resume
    if path is None:
        return None
    if path == schedule:
        raise click.UsageError(f"{path}: a file for the search and one for the schedule cannot be the same")
    from aprt.verdict.keeping import Keep
    from aprt.view.version import aprt_source

    return Keep(path, save is None, aprt_source())


def _ask(
    registry: Registry,
    case: Case,
    properties: tuple[str, ...],
    search: Search,
    sharing: Sharing,
    keep: Keep | None,
    interrupts: Interrupts,
) -> Verdict:
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.ask import ask
    from aprt.verdict.search import Crewed
    from aprt.view.covered_text import covered

    with ProgressLine() as progress, sharing.crew() as workers:
        crewed = None if workers is None else Crewed(workers, case_finder(registry))
        # asked as well, as a behaviour of a user's may swallow the KeyboardInterrupt
        halt = None if crewed is not None else lambda: interrupts.pending
        verdict = ask(case, properties, search, progress, interrupts.allowed, crewed, keep, halt=halt)
        progress.sum_up(covered(verdict.exploration))
    return verdict


def _show(verdict: Verdict, form: str, color: str, certificate: bool) -> None:
    if form == "json":
        from aprt.view.verdict_json import verdict_json

        echo(verdict_json(verdict))
    elif form in REPORTS:
        from aprt.view.results_text import report
        from aprt.view.verdict_json import verdict_object
        from aprt.view.verdict_report import verdict_suite

        echo(report(form, [verdict_suite(verdict_object(verdict))]))
    else:
        from aprt.view.verdict_text import verdict_text

        echo(verdict_text(verdict, paint(color), certificate))


def _tell_ignored(search: Search, verdict: Verdict) -> None:
    """Say that there was no use for `--runs`, which only the strategy that was picked could tell."""
    from aprt.explore.strategies import draws_lots
    from aprt.verdict.search import PLAIN

    if search.runs != PLAIN.runs and not draws_lots(verdict.exploration.strategy):
        remark(f"--runs was not needed: strategy {verdict.exploration.strategy} does no random runs")


def _write(verdict: Verdict, path: Path) -> None:
    from aprt.verdict.tokens import save
    from aprt.view.commands import quoted

    if not verdict.shown:
        remark(f"nothing was violated, so {path} was not written")
        return
    save(path, verdict.case, verdict.shown[0].finding.schedule)
    remark(f"the schedule is in {path}; aprt replay {quoted(path)}")
