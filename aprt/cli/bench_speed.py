"""`aprt bench view`: how much of a run's speed the live view leaves."""

from __future__ import annotations

import json
import os

import attrs
import click

from aprt.cli.options import SCENARIO, Registry, echo, era_option, find_case, format_option, seed_option, switch_options


@click.command("view")
@click.argument("scenario", type=SCENARIO, default="v4/kill-qemu")
@era_option
@switch_options
@click.option("--pairs", type=click.IntRange(min=1), default=5, help="How often each way is measured, in turn.")
@click.option("--seconds", type=click.FloatRange(min=0.01), default=1.0, help="Processor time of one measurement.")
@click.option("--free", is_flag=True, help="Leave the order to trio's own scheduler.")
@seed_option
@format_option
@click.pass_obj
def view(
    registry: Registry,
    scenario: str,
    era: str | None,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    pairs: int,
    seconds: float,
    free: bool,
    seed: int,
    form: str,
) -> int:
    """Compare the steps that live runs take with the live view beside them and without.

    ratio: the part of the steps per second of processor time that the view leaves.
    """
    from aprt.verdict.live import Plan
    from aprt.view.cost import alone_and_watched

    case = find_case(registry, scenario, era, put_in, taken_out)
    plan = Plan("free" if free else "gated", seed)
    with open(os.devnull, "w", encoding="utf-8") as terminal:
        alone, watched = alone_and_watched(str(case), case.model().system, plan, terminal, pairs, seconds)
    ratio = watched.rate / alone.rate
    if form == "json":
        told = {"scenario": str(case), "mode": plan.mode, "pairs": pairs, "ratio": ratio}
        echo(json.dumps(told | {"alone": attrs.asdict(alone), "watched": attrs.asdict(watched)}, indent=2))
    else:
        frames = watched.frames / watched.seconds
        echo(f"{case}, {plan.mode}: {pairs} times {seconds:g} s of processor time each way, in turn\n")
        echo(f"without the view{alone.rate:9,.0f} steps/s")
        echo(f"with the view   {watched.rate:9,.0f} steps/s, {frames:.1f} frames/s")
        echo(f"aprt: VIEW ratio={ratio:.2f} scenario={case} mode={plan.mode}")
    return 0
