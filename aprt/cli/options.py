"""Options that several commands share, each an argument of the command, and the types of their values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from aprt.cli.names import ERA, PROPERTIES, SWITCH, ParamType
from aprt.core.errors import UserError
from aprt.detect.kinds import KINDS

F = TypeVar("F", bound=Callable[..., Any])

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


class Number(click.IntRange):
    """A whole number within bounds."""

    name = "number"


class Amount(click.FloatRange):
    """A finite number within bounds."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


era_option = click.option("--era", type=ERA, metavar="ERA", help="Era of a SCENARIO that names none.  [v4]")
with_option, without_option = (
    click.option(name, variable, type=SWITCH, multiple=True, metavar="SWITCH", help=help)
    for name, variable, help in (
        ("--with", "put_in", "Put a switch in; repeat it."),
        ("--without", "taken_out", "Take a switch out; repeat it."),
    )
)
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="auto heeds NO_COLOR and FORCE_COLOR. Lines for grep have none.",
)
property_option, any_property_option = (
    click.option(
        "--property",
        "properties",
        type=PROPERTIES,
        multiple=True,
        metavar="ID",
        help=f"Check this property, or 'all'; repeat it.  [{otherwise}]",
    )
    for otherwise in ("the scenario's own", "all that the scenario can check")
)
detect_option = click.option(
    "--detect",
    "detect",
    type=click.Choice(["all", "none", *KINDS]),
    multiple=True,
    default=("all",),
    show_default=True,
    metavar="KIND",
    help=f"Report what the detector of this kind sees; repeat it. One of {', '.join(KINDS)}, all, none.",
)
budget_option = click.option("--budget", type=Duration(), help="Give up on a scenario after so long: 10s, 500ms, 2m.")
seed_option = click.option("--seed", type=Number(min=0), default=0, help="Seed of all random choices.")


def _writable(ctx: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and not ctx.resilient_parsing:
        from aprt.verdict.tokens import check_writable

        check_writable(path)
    return path


def schedule_option(help: str) -> Callable[[F], F]:
    """`--schedule FILE`, checked before the command runs: a search must not end with a file that cannot be written."""
    kind = click.Path(path_type=Path)
    return click.option("--schedule", type=kind, metavar="FILE", callback=_writable, help=help)


def format_choice(*more: str) -> Callable[[F], F]:
    """`--format` of text, json and `more`."""
    kinds = click.Choice(["text", "json", *more])
    return click.option("--format", "form", type=kinds, default="text", help="For people, or for programs.")


format_option = format_choice()


def typed() -> list[str]:
    """The options that were typed for this command, whatever their values, each by its name, such as `--seed`."""
    context = click.get_current_context()
    return [
        option.opts[0]
        for option in context.command.params
        if isinstance(option, click.Option)
        and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    ]


def detectors(detect: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of detectors that `--detect` asks for. Raises: `UserError`."""
    if "none" in detect:
        if len(detect) > 1:
            raise UserError("--detect none goes with no other --detect")
        return ()
    return tuple(kind for kind in KINDS if kind in detect or "all" in detect)
