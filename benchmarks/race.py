"""The rare race of demos/rare_race.py: how long until it is found, and until its repair is proved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from aprt import explore
from benchmarks.report import Section, at_most
from demos.rare_race import lost_updates, tasks, two

TITLE: Final = "A rare race: an update lost after twenty private steps"
HEAD: Final = ("how", "runs or states", "finds", "ms")


def section(repeat: int, runs: int, tell: Callable[[str], None]) -> Section:
    """Plain trio for so many runs, then both searches, `repeat` times."""
    tell(f"rare race: {runs:,} runs on plain trio")
    lost = trio.run(lost_updates, runs)
    found = min((explore(tasks(repaired=False), (two,)) for _ in range(repeat)), key=lambda search: search.seconds)
    proved = min((explore(tasks(repaired=True), (two,)) for _ in range(repeat)), key=lambda search: search.seconds)
    hit, proof = 1000 * found.seconds, 1000 * proved.seconds
    rows = [
        ("plain trio, random sleeps", f"{runs:,}", f"{lost:,} lost updates", ""),
        ("aprt", f"{found.states:,}", found.findings[0].text, f"{hit:.1f}"),
        ("aprt, repaired", f"{proved.states:,}", "nothing" if proved.complete else "", f"{proof:.1f}"),
    ]
    targets = [at_most("rare race: first hit", 10, [hit], " ms"), at_most("rare race: proof", 1000, [proof], " ms")]
    return Section(TITLE, HEAD, rows, [{"runs": runs, "lost": lost, "hit_ms": hit, "proof_ms": proof}], targets)
