"""`aprt run`: run a case on trio, and show it meanwhile (`view.watch`): as tables on a terminal, else in lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aprt.cli.gathered import case_options, with_interrupts
from aprt.cli.options import (
    Amount,
    Number,
    color_option,
    detect_option,
    detectors,
    format_option,
    property_option,
    schedule_option,
    seed_option,
)
from aprt.cli.output import EXITS, INTERRUPTED, echo, paint, remark

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.core.scenario import Model
    from aprt.runtime.run import Mode
    from aprt.verdict.case import Case
    from aprt.verdict.live import LiveRun, Plan

_LONGEST: Final = 10_000  # passes of trio's scheduler, in each of which nothing may happen


@click.command("run", short_help="Run a scenario on trio, live.")
@with_interrupts
@case_options(metavar="SCENARIO")
@property_option
@seed_option
@click.option("--runs", type=Number(min=1), default=1, help="Try so many seeds, until something breaks.")
@click.option("--max-steps", type=Number(min=1), default=10_000, help="Cut a run there.")
@click.option("--chaos", is_flag=True, help="Steer by changing priorities: shows rare races.")
@click.option("--free", is_flag=True, help="Leave the order to trio's own scheduler; a seed does not repeat it.")
@click.option("--jitter", type=Number(0, _LONGEST), default=0, help="With --free: the longest delay of a message.")
@click.option("--speed", type=Amount(min=0), default=0, help="Steps per second, for a demo; 0: no limit.")
@click.option(
    "--no-live", is_flag=True, help="No tables on a terminal, but lines: a step each, or a turn each of a long run."
)
@detect_option
@schedule_option("Write the schedule of the run.")
@format_option
@color_option
def command(
    case: Case,
    properties: tuple[str, ...],
    seed: int,
    runs: int,
    max_steps: int,
    chaos: bool,
    free: bool,
    jitter: int,
    speed: float,
    no_live: bool,
    detect: tuple[str, ...],
    schedule: Path | None,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Run SCENARIO (ERA/NAME[+SWITCH...]) on trio, one execution per seed.

    Exits with 1 when a property is violated, 0 when the run ends without, 3 when it is cut, or when the kernel stops
    at a violation of what was not asked (ending= in the last line says cut or oops). 0 is no proof: see aprt explore.
    Of a use after free that detectors call possible the other order is searched for.
    """
    if jitter and (chaos or not free):
        raise click.UsageError("--jitter goes with --free, and not with --chaos")
    from aprt.verdict.live import Plan

    plan = Plan(_mode(chaos, free), seed, runs, jitter, max_steps, detectors(detect))
    model = case.model()
    # tables go to stderr, and lines to stdout: who sees the tables needs no lines
    tables = not no_live and (form == "json" or sys.stdout.isatty())
    live = _perform(
        case, model, properties, plan, form=form, color=color, tables=tables, speed=speed, interrupts=interrupts
    )
    cut = _show(case, model, plan, live, interrupts, form, color)
    if schedule is not None:
        _save(case, live, schedule)
    return INTERRUPTED if cut else _exit(live)


def _mode(chaos: bool, free: bool) -> Mode:
    if free:
        return "steered" if chaos else "free"
    return "chaos" if chaos else "gated"


def _perform(
    case: Case,
    model: Model,
    properties: tuple[str, ...],
    plan: Plan,
    *,
    form: str,
    color: str,
    tables: bool,
    speed: float,
    interrupts: Interrupts,
) -> LiveRun:
    from aprt.verdict.verdict import selected
    from aprt.view.heading import heading
    from aprt.view.watch import terminal, watch

    chosen = model.with_implied(selected(case, model, properties))
    if form == "text":
        echo(heading(case, paint(color)) + "\n")
    return watch(
        str(case),
        model.system,
        chosen,
        plan,
        console=terminal(color) if tables else None,
        say=echo if form == "text" else _silent,
        note=remark,
        speed=speed,
        outcome=form == "json",
        stop=lambda: interrupts.pending,
    )


def _silent(line: str) -> None:
    """Lines of the run are not printed with JSON, which has the token."""


def _show(case: Case, model: Model, plan: Plan, live: LiveRun, interrupts: Interrupts, form: str, color: str) -> bool:
    """Print what was seen. Returns whether Ctrl-C cut the searches for what detectors call possible."""
    from aprt.verdict.predicted import predicted
    from aprt.verdict.tokens import token_of
    from aprt.view.run_text import run_json, run_text

    broken = live.execution.findings or live.unasked
    token = token_of(case, model.system, live.execution.schedule) if broken else None
    detected = predicted(case, model.system, live.detected, interruptible=interrupts.allowed)
    if form == "json":
        echo(run_json(case, plan, live, detected, token))
    else:
        echo("\n" + run_text(case, plan, live, detected, token, paint(color)))
    return any(one.cut for one in detected)


def _save(case: Case, live: LiveRun, path: Path) -> None:
    from aprt.verdict.tokens import save
    from aprt.view.commands import quoted

    save(path, case, live.execution.schedule)
    remark(f"the schedule is in {path}; aprt replay {quoted(path)}")


def _exit(live: LiveRun) -> int:
    if live.stopped:
        return INTERRUPTED
    if live.execution.findings:
        return EXITS["VIOLATED"]
    return EXITS["INCONCLUSIVE" if live.execution.ending in ("cut", "oops") else "HOLDS"]
