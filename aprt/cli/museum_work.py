"""The commands of `aprt museum` that search: check, hunt, matrix. Each shares its work among processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import click

from aprt.cli.cases import Registry, case_finder
from aprt.cli.gathered import Sharing, crew_options, gathered
from aprt.cli.interrupts import Interrupts
from aprt.cli.names import ENTRY, ROW
from aprt.cli.options import Duration, color_option, format_choice, format_option, seed_option
from aprt.cli.output import EXITS, INTERRUPTED, REPORTS, UNMET, echo, paint, remark

if TYPE_CHECKING:
    from aprt.core.contrast import Contrast
    from aprt.explore.parallel.crew import Crew
    from aprt.explore.result import Bounds
    from aprt.museum.entry import Entry
    from aprt.view.museum_check import Inspection

R = TypeVar("R")


def _limits(budget: float) -> Bounds:
    from aprt.explore.result import Bounds

    return Bounds(budget=budget)


entries_argument = click.argument("entries", type=ENTRY, metavar="[NUMBER|COMMIT]...", nargs=-1)
budget_option = gathered(
    "limits",
    _limits,
    click.option("--budget", type=Duration(), default="60s", help="For each search: 10s, 500ms, 2m."),
)


@click.command("check", short_help="Find every bug without its fix, and not with it.")
@entries_argument
@budget_option
@crew_options
@format_choice(*REPORTS)
@color_option
@click.pass_obj
def check(
    registry: Registry,
    entries: tuple[str, ...],
    limits: Bounds,
    sharing: Sharing,
    form: str,
    color: str,
) -> int:
    """Check the entries, all when none is named: each bug is found without its fix, and a complete search with the
    fix does not find it.

    What else is violated is told, and is no failure. An entry that is not modelled yet is one. Exits with 0 when
    every entry is as it must be, else with 5.
    """
    from aprt.view.museum_check import check_json, check_junit, check_ktap, check_text

    inspection = inspect(registry, _named(entries), limits, sharing)
    shapes = {"json": check_json, "junit": check_junit, "ktap": check_ktap}
    echo(shapes[form](inspection) if form in shapes else check_text(inspection, paint(color)))
    return INTERRUPTED if inspection.interrupted else 0 if inspection.met else UNMET


def inspect(registry: Registry, entries: tuple[Entry, ...], limits: Bounds, sharing: Sharing) -> Inspection:
    """Check these entries, as far as they are modelled and nobody presses Ctrl-C."""
    from aprt.verdict.contrasts import check_many
    from aprt.view.museum_check import Inspection

    contrasts, find = _contrasts(entries), case_finder(registry)
    found = _collected(lambda crew: check_many(contrasts, find, limits, crew), len(contrasts), sharing)
    return Inspection(entries, {checked.name: checked for checked in found})


@click.command("hunt", short_help="See how soon each strategy meets a bug that it knows nothing of.")
@entries_argument
@click.option("--blind", "seconds", type=Duration(), default="60s", metavar="TIME", help="For each bug, in all.")
@seed_option
@crew_options
@format_option
@click.pass_obj
def hunt(
    registry: Registry,
    entries: tuple[str, ...],
    seconds: float,
    seed: int,
    sharing: Sharing,
    form: str,
) -> int:
    """Have strategies search every entry without its fix until they meet the bug, or their share of the time is over.

    Prints how many schedules they ran to the first hit, or states they met, for bugs without their names. Exits with 0
    whatever was found.
    """
    from aprt.verdict import hunt as hunting
    from aprt.view.museum_hunt import hunt_json, hunt_text

    named, find = _named(entries), case_finder(registry)
    contrasts = {entry.id: entry.contrast() for entry in named} if entries else _contrasts(named)
    found = _collected(lambda crew: hunting.hunt(contrasts, find, seconds, seed, crew), len(contrasts), sharing)
    ordered = sorted(found, key=lambda hunted: list(contrasts).index(hunted.name))
    echo(hunt_json(ordered, seconds, seed) if form == "json" else hunt_text(ordered, seconds))
    return 0 if len(found) == len(contrasts) else INTERRUPTED


@click.command("matrix", short_help="Say which era has which bug.")
@click.argument("rows", type=ROW, metavar="[NUMBER|COMMIT]...", nargs=-1)
@budget_option
@crew_options
@format_option
@click.pass_obj
def matrix(registry: Registry, rows: tuple[str, ...], limits: Bounds, sharing: Sharing, form: str) -> int:
    """Search the scenario of every entry (B8), and of the ways H1 to H16, in every era, with the fixes that it has.

    Where an era has no such situation the table says why. Exits with 0 when every search was complete, else with 3.
    """
    from aprt.museum.rows import find_rows
    from aprt.verdict.era_matrix import era_matrix, questions
    from aprt.view.museum_matrix import matrix_json, matrix_text

    chosen, eras, find = find_rows(rows), registry(), case_finder(registry)
    asked = questions(chosen, eras)
    if not rows:
        remark(f"{len(asked)} searches, which takes minutes; what they find is in docs/reference/era-matrix.md")
    cells = _collected(lambda crew: era_matrix(asked, find, limits, crew), len(asked), sharing)
    echo((matrix_json if form == "json" else matrix_text)(chosen, list(eras), cells))
    if len(cells) < len(asked):
        return INTERRUPTED
    return EXITS["INCONCLUSIVE" if any(one.cell == "open" for one in cells) else "HOLDS"]


def _named(words: tuple[str, ...]) -> tuple[Entry, ...]:
    """The entries with these numbers or commits, each once; all when none is named."""
    from aprt.museum.catalogue import ENTRIES, find_entries

    found = [entry for word in words for entry in find_entries(word)] if words else ENTRIES
    return tuple(dict.fromkeys(found))


def _contrasts(entries: tuple[Entry, ...]) -> dict[str, Contrast]:
    return {entry.id: entry.shown_by for entry in entries if entry.shown_by is not None}


def _collected(work: Callable[[Crew | None], Iterator[R]], of: int, sharing: Sharing) -> list[R]:
    """The results of the work; fewer than `of` when Ctrl-C ended it."""
    from aprt.cli.progress import ProgressLine

    found: list[R] = []
    with Interrupts() as interrupts:
        try:
            with ProgressLine() as progress, sharing.crew() as workers, interrupts.allowed:
                for one in work(workers):
                    found.append(one)
                    progress.tell(f"{len(found)} of {of}")
        except KeyboardInterrupt:
            pass
    return found
