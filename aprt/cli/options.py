"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from aprt.cli.names import ERA, PROPERTIES, SCENARIO, SWITCH, ParamType
from aprt.core.errors import UserError

if TYPE_CHECKING:
    from aprt.core.scenario import Era
    from aprt.explore.parallel.crew import Crew
    from aprt.explore.result import Bounds
    from aprt.verdict.case import Case
    from aprt.view.paint import Paint

F = TypeVar("F", bound=Callable[..., Any])
Registry: TypeAlias = "Callable[[], Mapping[str, Era]]"

DETECTORS = (  # detect.detectors.KINDS, named here to keep --help quick
    "lock-order",
    "hang",
    "lost-wakeup",
    "stuck-message",
    "atomic-sleep",
    "race",
    "guard",
    "use-after-free",
    "leak",
    "refcount",
)
EXITS = MappingProxyType({"HOLDS": 0, "VIOLATED": 1, "NOT FOUND": 3, "INCONCLUSIVE": 3})
INTERRUPTED = 130
REPORTS = ("junit", "ktap")  # formats of `view.results`

_UNITS = MappingProxyType({"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0})


class Duration(ParamType):
    """Seconds, from `500ms`, `10s`, `10`, `2m` or `1h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", value)
        if match is None:
            self.fail(f"{value!r} is no duration (try 10s, 500ms or 2m)", param, ctx)
        return float(match[1]) * _UNITS[match[2]]


scenario_argument = click.argument("scenario", type=SCENARIO, metavar="SCENARIO")
scenarios_argument = click.argument("scenarios", type=SCENARIO, metavar="SCENARIO...", nargs=-1, required=True)
era_option = click.option("--era", type=ERA, metavar="ERA", help="Era of a SCENARIO that names none.  [v4]")
color_option = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="NO_COLOR is heeded, too."
)
property_option = click.option(
    "--property",
    "properties",
    type=PROPERTIES,
    multiple=True,
    metavar="ID",
    help="Check this property, or 'all'; repeat it.  [the scenario's own]",
)
detect_option = click.option(
    "--detect",
    "detect",
    type=click.Choice(["all", "none", *DETECTORS]),
    multiple=True,
    default=("all",),
    show_default=True,
    help="Report what the detector of this kind sees; repeat it.",
)
seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, help="For whatever draws lots.")


def format_choice(*more: str) -> Callable[[F], F]:
    """`--format` of text, json and what else a command can print."""
    kinds = click.Choice(["text", "json", *more])
    return click.option("--format", "form", type=kinds, default="text", help="For people, or for programs.")


format_option = format_choice()


def switch_options(command: F) -> F:
    """`--with` and `--without`."""
    for name, help in (("--without", "Take a switch out; repeat it."), ("--with", "Put a switch in; repeat it.")):
        variable = "put_in" if name == "--with" else "taken_out"
        command = click.option(name, variable, type=SWITCH, multiple=True, metavar="SWITCH", help=help)(command)
    return command


def bound_options(command: F) -> F:
    """`--max-states`, `--max-depth` and `--budget`."""
    for name, kind, help in (
        ("--budget", Duration(), "Give up after so long: 10s, 500ms, 2m."),
        ("--max-depth", click.IntRange(min=0), "Do not go further than so many steps."),
        ("--max-states", click.IntRange(min=1), "Give up after so many states."),
    ):
        command = click.option(name, type=kind, help=help)(command)
    return command


def crew_options(command: F) -> F:
    """`--jobs` and `--cluster`."""
    for name, kind, metavar, default, help in (
        ("--cluster", str, "ADDRESS", None, "Share the work among the workers of this dask scheduler."),
        ("--jobs", click.IntRange(min=1), None, 1, "Share the work among so many processes."),
    ):
        command = click.option(name, type=kind, metavar=metavar, default=default, help=help)(command)
    return command


def find_case(
    registry: Registry, scenario: str, era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> Case:
    """The case that the options name; a directory is a topology. Raises: `UserError`."""
    from aprt.cli.directories import is_directory
    from aprt.cli.own_files import is_own, own_case, with_patches
    from aprt.verdict.case import Case

    if re.match(r"aprt\d+:", scenario):
        raise UserError(f"{scenario} is a token: it goes to aprt replay, or to aprt explain")
    subject, *words = scenario.split("+")
    eras = with_patches(registry(), (*words, *put_in, *taken_out))
    if is_own(subject):
        return own_case(eras, scenario, era, put_in, taken_out)
    if is_directory(subject, eras):
        from aprt.cli.topology import topology_case

        return topology_case(eras, scenario, era, put_in, taken_out)
    return Case.parse(scenario, eras, era, put_in, taken_out)


def find_cases(
    registry: Registry, texts: tuple[str, ...], era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> tuple[Case, ...]:
    """All cases that the options name, patterns included, each once. Raises: `UserError`."""
    from aprt.verdict.case import matching

    eras = registry()
    named = [reference for text in texts for reference in matching(text, eras, era)]
    cases = [find_case(lambda: eras, name, era, put_in, taken_out) for name in named]
    return tuple({str(case): case for case in cases}.values())


def case_finder(
    registry: Registry, put_in: tuple[str, ...] = (), taken_out: tuple[str, ...] = ()
) -> Callable[[str], Case]:
    """Finds the case of a reference, as tokens and schedule files carry it. Picklable if the registry is."""
    return partial(_find, registry, put_in, taken_out)


def _find(registry: Registry, put_in: tuple[str, ...], taken_out: tuple[str, ...], reference: str) -> Case:
    return find_case(registry, reference, None, put_in, taken_out)


def changed_case(registry: Registry, case: Case, changes: Iterable[tuple[str, str]]) -> Case:
    """The case with these switches put in, or taken out."""
    changes = tuple(changes)
    put_in, taken_out = (tuple(switch for way, switch in changes if way == word) for word in ("with", "without"))
    return case_finder(registry, put_in, taken_out)(str(case))


@contextmanager
def crew(jobs: int, cluster: str | None) -> Iterator[Crew | None]:
    """The workers that the options ask for; None for no other than this process."""
    if cluster is not None:
        if jobs > 1:
            raise click.UsageError("--jobs and --cluster cannot be combined")
        from aprt.explore.parallel.cluster import ClusterCrew
        from aprt.view.version import aprt_version

        with ClusterCrew(cluster, aprt_version) as remote:
            yield remote
    elif jobs > 1:
        from aprt.explore.parallel.local import LocalCrew

        with LocalCrew(jobs) as local:
            yield local
    else:
        yield None


def detectors(detect: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of detectors that `--detect` asks for. Raises: `UserError`."""
    if "none" in detect:
        if len(detect) > 1:
            raise UserError("--detect none goes with no other --detect")
        return ()
    return DETECTORS if "all" in detect else tuple(kind for kind in DETECTORS if kind in detect)


def bounds(max_states: int | None, max_depth: int | None, budget: float | None) -> Bounds:
    from aprt.explore.result import Bounds

    return Bounds(max_states, max_depth, budget)


def paint(color: str) -> Paint:
    """Colour on stdout: as asked for, else as NO_COLOR and FORCE_COLOR say, else on a terminal."""
    from aprt.view.paint import Paint

    if color == "auto" and os.environ.get("NO_COLOR"):
        return Paint(False)
    if color == "auto" and os.environ.get("FORCE_COLOR"):
        return Paint(True)
    return Paint(color == "always" or (color == "auto" and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"))


def echo(text: str) -> None:
    """Data, on stdout, as it is."""
    click.echo(text, color=True)


def remark(text: str) -> None:
    """Narration, on stderr, in one line."""
    click.echo(f"aprt: {text}", err=True)
