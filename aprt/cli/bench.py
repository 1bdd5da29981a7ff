"""`aprt bench`: measurements that a claim in the documentation rests on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click

from aprt.cli.bench_speed import detect, replay, view
from aprt.cli.gathered import case_options, with_interrupts
from aprt.cli.names import PROPERTY
from aprt.cli.options import Number, format_option, seed_option
from aprt.cli.output import DIFFERED, INTERRUPTED, echo
from aprt.cli.progress import ProgressLine

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.verdict.case import Case
    from aprt.verdict.live import Hits, Plan
    from aprt.verdict.planted import Planted


FAULTS = ("fifo", "stray", "dropped_reply", "double_grant")  # runtime.faults, named here to keep --help quick
STARTUP_SCHEMA, HITS_SCHEMA, FAULTS_SCHEMA = "aprt.startup/1", "aprt.hits/1", "aprt.faults/1"


@click.group("bench", no_args_is_help=False)
def command() -> None:
    """Measure aprt itself."""


command.add_command(view)
command.add_command(detect)
command.add_command(replay)


STARTED = ("explore --help", "museum list", "scenario list", "property show P1", "scenario show v4/h3")


@command.command("startup", short_help="Compare the time to start with that of Python.")
@click.option("--times", type=Number(min=1), default=20, help="Starts of each program.")
@format_option
def startup(times: int, form: str) -> int:
    """Compare the process time of small commands with that of `python -c pass`; ratio= is that of the first of them."""
    import statistics

    programs = {"python -c pass": ["-c", "pass"]}
    programs |= {f"aprt {words}": ["-m", "aprt", *words.split()] for words in STARTED}
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(times):
        # one after the other, so that a busy machine slows down both
        for name, arguments in programs.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - begin)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    bare, ours, *_ = medians.values()
    if form == "json":
        facts = {"schema": STARTUP_SCHEMA, "median_seconds": medians, "ratio": ours / bare, "times": times}
        echo(json.dumps(facts, indent=2))
    else:
        echo("\n".join(f"{name:26}{1000 * value:7.1f} ms (median of {times})" for name, value in medians.items()))
        echo(f"aprt: STARTUP ratio={ours / bare:.1f} median_ms={1000 * ours:.0f}")
    return 0


@command.command("live-hits", short_help="Count how often live runs break a property.")
@with_interrupts
@case_options(default="v4/kill-qemu")
@click.option("--property", "id", type=PROPERTY, default="P1", metavar="ID", help="Whose violations are counted.")
@click.option("--runs", type=Number(min=1), default=1000, help="Executions each way.")
@seed_option
@format_option
def live_hits(case: Case, id: str, runs: int, seed: int, form: str, interrupts: Interrupts) -> int:
    """Count how often live runs break a property, for each way of running.

    plain: trio decides. jittered: each message is held back for a while. steered: contexts have priorities that
    change. gated: the gate picks any step; with chaos by changing priorities. The ways draw their lots apart.
    """
    from aprt.verdict.live import count_hits

    model = case.model()
    properties = model.select([id])
    counted: list[Hits] = []
    with ProgressLine() as progress:
        for name, plan in _ways(seed, runs).items():
            progress.tell(f"{name}: {runs:,} runs")
            hits = count_hits(name, model.system, properties, plan, lambda: interrupts.pending)
            counted += [hits] if hits.runs else []
            if interrupts.pending:
                break
    echo((_hits_json if form == "json" else _hits_text)(str(case), id, seed, counted))
    return INTERRUPTED if interrupts.pending else 0


@command.command("faults", short_help="Plant faults in the live driver: are they reported?")
@with_interrupts
@case_options(default="v4/remove-vs-intercept")
@click.option("--fault", type=click.Choice(FAULTS), multiple=True, help="Only this one; repeat it.")
@click.option("--runs", type=Number(min=1), default=100, help="Free runs in which it may show.")
@seed_option
@format_option
def faults(case: Case, fault: tuple[str, ...], runs: int, seed: int, form: str, interrupts: Interrupts) -> int:
    """Plant faults in the live driver and see whether the comparison with the explorer reports them.

    Exits with 4 when a difference is reported, as it should be.
    """
    from aprt.verdict.planted import plant

    system = case.model().system
    planted = [plant(system, name, seed, runs) for name in fault or FAULTS if not interrupts.pending]
    echo(_faults_json(str(case), planted) if form == "json" else "\n".join(map(_fault_row, planted)))
    if interrupts.pending:
        return INTERRUPTED
    return DIFFERED if any(one.difference for one in planted) else 0


def _ways(seed: int, runs: int) -> dict[str, Plan]:
    from aprt.verdict.live import JITTER, Plan

    return {
        "plain": Plan("free", seed, runs),
        "jittered": Plan("free", seed, runs, JITTER),
        "steered": Plan("steered", seed, runs),
        "gated": Plan("gated", seed, runs),
        "chaos": Plan("chaos", seed, runs),
    }


def _faults_json(scenario: str, planted: list[Planted]) -> str:
    rows = [
        {"fault": one.fault, "runs": one.runs, "difference": one.difference and str(one.difference)} for one in planted
    ]
    return json.dumps({"schema": FAULTS_SCHEMA, "scenario": scenario, "faults": rows}, indent=2)


def _fault_row(planted: Planted) -> str:
    found = f"in run {planted.runs}, {planted.difference}" if planted.difference else None
    return f"{planted.fault:14} {found or f'no difference in {planted.runs} runs'}"


def _hits_json(case: str, id: str, seed: int, counted: list[Hits]) -> str:
    rows = [
        {
            "way": hits.name,
            "hits": hits.hits,
            "runs": hits.runs,
            "per_1000": round(_per_thousand(hits), 1),
            "first": hits.first,
            "complete": not hits.stopped,
        }
        for hits in counted
    ]
    return json.dumps({"schema": HITS_SCHEMA, "scenario": case, "property": id, "seed": seed, "ways": rows}, indent=2)


def _hits_text(case: str, id: str, seed: int, counted: list[Hits]) -> str:
    from aprt.view.last_line import last_line

    head = f"{case} {id}: hits per 1,000 live runs, from seed {seed}"
    rows = (_row(hits) for hits in counted)
    words = {hits.name: f"{_per_thousand(hits):.1f}" for hits in counted}
    return "\n".join([head, "", *rows, "", last_line("HITS", {"property": id, "scenario": case, **words})])


def _row(hits: Hits) -> str:
    often = f"one run in {hits.runs / hits.hits:,.1f}" if hits.hits else "never"
    first = "" if hits.first is None else f"first in run {hits.first:,}"
    rate = hits.steps / hits.seconds if hits.seconds else 0
    done = f"{hits.hits:,} of {hits.runs:,}" + (", interrupted" if hits.stopped else "")
    return f"{hits.name:12}{_per_thousand(hits):7.1f}   {often:18}{first:20}{rate:8,.0f} steps/s   {done}"


def _per_thousand(hits: Hits) -> float:
    return 1000 * hits.hits / hits.runs
