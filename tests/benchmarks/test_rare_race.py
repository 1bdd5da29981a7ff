"""demos/rare_race.py: plain trio does not lose the update, aprt does, and not once it is repaired."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from aprt import explore
from demos import rare_race

ROOT = Path(rare_race.__file__).parent.parent

PRINTED = r"""plain trio: 0 of 200 runs lose an update \(\d+\.\d s\)
aprt: the counter is 1, found in \d+\.\d ms:
    quick: counter.read
    slow: private.write, 20 times
    slow: counter.read
    quick: counter.write
    slow: counter.write
aprt, repaired: no schedule loses an update, 116 states, \d+\.\d ms
"""


def test_the_demo_prints_all_three() -> None:
    command = [sys.executable, "demos/rare_race.py", "200"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.fullmatch(PRINTED, printed)


def test_the_schedule_is_the_shortest_and_takes_every_step() -> None:
    (finding,) = explore(rare_race.tasks(repaired=False), (rare_race.two,)).findings
    assert len(finding.schedule) == 2 + rare_race.PRIVATE_STEPS + 2
