"""Options that belong together and reach a command as one argument, such as SCENARIO and its switches as a `Case`.

That argument is made when the command is called: `--help` finds no case and imports nothing.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import click

from aprt.cli.cases import check_settled, find_case, find_cases
from aprt.cli.interrupts import Interrupts
from aprt.cli.names import SCENARIO, TOKEN
from aprt.cli.options import Number, budget_option, era_option, with_option, without_option
from aprt.cli.recordings import find_recording

if TYPE_CHECKING:
    from aprt.explore.parallel.crew import Crew
    from aprt.explore.result import Bounds
    from aprt.verdict.case import Case
    from aprt.verdict.tokens import Recording

F = TypeVar("F", bound=Callable[..., Any])

_MOST_JOBS = 1_000  # processes: each takes 50 MB or more


def gathered(name: str, make: Callable[..., Any], *options: Callable[[F], F]) -> Callable[[F], F]:
    """A decorator for a command that takes these options and gets what `make` makes of them, as the argument `name`.

    make: has a parameter for each option, of the option's name.
    """
    taken = tuple(inspect.signature(make).parameters)

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def gathering(*args: Any, **given: Any) -> Any:
            made = make(**{option: given.pop(option) for option in taken})
            return command(*args, **given, **{name: made})

        decorated = cast(F, gathering)
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def with_interrupts(command: F) -> F:
    """A decorator for a command that runs inside `Interrupts`, and gets them as `interrupts`.

    It stands above the decorators that find a case, so that Ctrl-C waits until that is done.
    """

    @functools.wraps(command)
    def hearing(*args: Any, **given: Any) -> Any:
        with Interrupts() as interrupts:
            return command(*args, **given, interrupts=interrupts)

    return cast(F, hearing)


def _case(scenario: str, era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]) -> Case:
    case = find_case(click.get_current_context().obj, scenario, era, put_in, taken_out)
    check_settled(case)
    return case


def case_options(**attributes: Any) -> Callable[[F], F]:
    """SCENARIO, `--era`, `--with` and `--without`, as the argument `case`. attributes: of the argument SCENARIO."""
    scenario = click.argument("scenario", type=SCENARIO, **attributes)
    return gathered("case", _case, scenario, era_option, with_option, without_option)


def _cases(
    scenarios: tuple[str, ...], era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> tuple[Case, ...]:
    return find_cases(click.get_current_context().obj, scenarios, era, put_in, taken_out)


def cases_options(command: F) -> F:
    """SCENARIO..., `--era`, `--with` and `--without`, as the argument `cases`: one or more."""
    scenarios = click.argument("scenarios", type=SCENARIO, metavar="SCENARIO...", nargs=-1, required=True)
    return gathered("cases", _cases, scenarios, era_option, with_option, without_option)(command)


def _recording(token: str, put_in: tuple[str, ...], taken_out: tuple[str, ...]) -> Recording:
    return find_recording(click.get_current_context().obj, token, put_in, taken_out)


def recording_options(command: F) -> F:
    """TOKEN, FILE or BUG, `--with` and `--without`, as the argument `recording`: on the model with these changes."""
    token = click.argument("token", type=TOKEN, metavar="TOKEN|FILE|BUG")
    return gathered("recording", _recording, token, with_option, without_option)(command)


def _limits(max_states: int | None, max_depth: int | None, budget: float | None) -> Bounds:
    from aprt.explore.result import Bounds

    return Bounds(max_states, max_depth, budget)


def bound_options(command: F) -> F:
    """`--max-states`, `--max-depth` and `--budget`, as the argument `limits`."""
    return gathered(
        "limits",
        _limits,
        click.option("--max-states", type=Number(min=1), help="Give up after so many states."),
        click.option("--max-depth", type=Number(min=0), help="Do not go further than so many steps."),
        budget_option,
    )(command)


class Sharing(NamedTuple):
    """Who shares the work. jobs: processes of this machine. cluster: the address of a dask scheduler."""

    jobs: int = 1
    cluster: str | None = None

    @contextmanager
    def crew(self) -> Iterator[Crew | None]:
        """The workers, as long as the block runs; None where this process works alone."""
        if self.cluster is not None:
            if self.jobs > 1:
                raise click.UsageError("--jobs and --cluster cannot be combined")
            from aprt.explore.parallel.cluster import ClusterCrew
            from aprt.view.version import aprt_source

            with ClusterCrew(self.cluster, aprt_source) as remote:
                yield remote
        elif self.jobs > 1:
            from aprt.explore.parallel.local import LocalCrew

            with LocalCrew(self.jobs) as local:
                yield local
        else:
            yield None


def crew_options(command: F) -> F:
    """`--jobs` and `--cluster`, as the argument `sharing`."""
    return gathered(
        "sharing",
        Sharing,
        click.option("--jobs", type=Number(1, _MOST_JOBS), default=1, help="Share the work among so many processes."),
        click.option("--cluster", metavar="ADDRESS", help="Share the work among the workers of this dask scheduler."),
    )(command)
