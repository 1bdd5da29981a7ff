"""`aprt bench view`, `aprt bench detect` and `aprt bench replay`: how fast things are on trio."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

import click

from aprt.cli.gathered import case_options, gathered
from aprt.cli.options import Amount, Number, detect_option, detectors, format_option, seed_option
from aprt.cli.output import echo
from aprt.detect.kinds import KINDS

if TYPE_CHECKING:
    from aprt.verdict.case import Case
    from aprt.verdict.live import Plan

VIEW_SCHEMA, DETECT_SCHEMA, REPLAY_SCHEMA = "aprt.view-speed/1", "aprt.detect-speed/1", "aprt.replay-speed/1"


class Pairing(NamedTuple):
    """What is measured in turn with and without something: runs of a seed, for so many seconds, so many times."""

    pairs: int
    seconds: float
    free: bool
    seed: int

    def plan(self, detect: tuple[str, ...] = ()) -> Plan:
        """The runs."""
        from aprt.verdict.live import Plan

        return Plan("free" if self.free else "gated", self.seed, detect=detect)

    def heading(self, case: Case, plan: Plan) -> str:
        return f"{case}, {plan.mode}: {self.pairs} times {self.seconds:g} s of processor time each way, in turn\n"


pairing_options = gathered(
    "pairing",
    Pairing,
    click.option("--pairs", type=Number(min=1), default=5, help="How often each way is measured, in turn."),
    click.option("--seconds", type=Amount(min=0.01), default=1.0, help="Processor time of one measurement."),
    click.option("--free", is_flag=True, help="Leave the order to trio's own scheduler."),
    seed_option,
)


@click.command("view", short_help="Compare live runs with and without the live view.")
@case_options(default="v4/kill-qemu")
@pairing_options
@format_option
def view(case: Case, pairing: Pairing, form: str) -> int:
    """Compare the steps that live runs take with the live view beside them and without.

    ratio: the part of the steps per second of processor time that the view leaves.
    """
    import attrs

    from aprt.view.cost import alone_and_watched
    from aprt.view.last_line import last_line

    plan, pairs = pairing.plan(), pairing.pairs
    with open(os.devnull, "w", encoding="utf-8") as terminal:
        alone, watched = alone_and_watched(str(case), case.model().system, plan, terminal, pairs, pairing.seconds)
    ratio = watched.rate / alone.rate
    if form == "json":
        told = {"schema": VIEW_SCHEMA, "scenario": str(case), "mode": plan.mode, "pairs": pairs, "ratio": ratio}
        echo(json.dumps(told | {"alone": attrs.asdict(alone), "watched": attrs.asdict(watched)}, indent=2))
    else:
        frames = watched.frames / watched.seconds
        echo(pairing.heading(case, plan))
        echo(f"without the view{alone.rate:9,.0f} steps/s")
        echo(f"with the view   {watched.rate:9,.0f} steps/s, {frames:.1f} frames/s")
        echo(last_line("VIEW", {"ratio": f"{ratio:.2f}", "scenario": case, "mode": plan.mode}))
    return 0


@click.command("detect", short_help="Compare live runs with and without detectors.")
@case_options(default="v4/kill-qemu")
@detect_option
@pairing_options
@format_option
def detect(case: Case, detect: tuple[str, ...], pairing: Pairing, form: str) -> int:
    """Compare the processor time that a step of a live run takes with detectors and without.

    ratio: how many times as long it takes with them.
    """
    import attrs

    from aprt.view.cost import alone_and_detected
    from aprt.view.last_line import last_line

    kinds = detectors(detect)
    plan = pairing.plan(kinds)
    alone, detected = alone_and_detected(case.model().system, plan, pairing.pairs, pairing.seconds)
    ratio = alone.rate / detected.rate
    if form == "json":
        told = {"schema": DETECT_SCHEMA, "scenario": str(case), "mode": plan.mode, "detectors": kinds, "ratio": ratio}
        pace = {"pairs": pairing.pairs, "alone": attrs.asdict(alone), "detected": attrs.asdict(detected)}
        echo(json.dumps(told | pace, indent=2))
    else:
        echo(pairing.heading(case, plan))
        echo(f"without detectors{alone.rate:9,.0f} steps/s")
        echo(f"with detectors   {detected.rate:9,.0f} steps/s ({', '.join(kinds) or 'none'})")
        heard = "all" if kinds == tuple(KINDS) else ",".join(kinds)
        facts = {"ratio": f"{ratio:.2f}", "detectors": heard, "scenario": case, "mode": plan.mode}
        echo(last_line("DETECT", facts))
    return 0


@click.command("replay", short_help="Compare replays with bare messages of trio.")
@case_options(default="v4/kill-qemu")
@click.option("--schedules", type=Number(min=1), default=50, help="Different random schedules.")
@click.option("--times", type=Number(min=1), default=3, help="How often all of them are replayed.")
@seed_option
@format_option
def replay(case: Case, schedules: int, times: int, seed: int, form: str) -> int:
    """Replay random schedules on trio tasks that stay, in turn with requests through trio's own channels.

    ratio: messages to actors, with all that a replay does about them, per bare request and reply.
    """
    from aprt.verdict.replay_pace import replay_pace
    from aprt.view.last_line import last_line

    pace = replay_pace(case.model().system, schedules, times, seed)
    rates = {"replays_per_s": pace.replay_rate, "messages_per_s": pace.message_rate, "channel_per_s": pace.channel_rate}
    if form == "json":
        counts = {"replays": pace.replays, "messages": pace.messages, "seed": seed}
        facts = {"schema": REPLAY_SCHEMA, "scenario": str(case), **counts, **rates, "ratio": pace.ratio}
        echo(json.dumps(facts, indent=2))
    else:
        messages = pace.messages / pace.replays
        echo(f"{case}: {pace.replays:,} replays of {messages:.1f} messages on average, per second of processor time\n")
        echo(f"replays                          {pace.replay_rate:9,.0f}")
        echo(f"messages to actors, answered     {pace.message_rate:9,.0f}")
        echo(f"requests through trio's channels {pace.channel_rate:9,.0f}")
        facts = {"ratio": f"{pace.ratio:.2f}", "replays_per_s": f"{pace.replay_rate:.0f}", "scenario": case}
        echo(last_line("REPLAY", facts))
    return 0
