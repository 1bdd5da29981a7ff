"""The bugs of the museum, each hunted by strategies that do not know which it is: `aprt museum hunt`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.process import output
from benchmarks.report import Section

ROOT: Final = Path(__file__).parent.parent
TITLE: Final = "Bugs that strategies know nothing of"
HEAD: Final = ("strategy", "bugs found", "schedules or states to the first hit, median")
REMARKS: Final = (
    "Every bug of the museum that is modelled, without its fix, is searched for by each strategy in turn, for an equal "
    "share of the time that a bug has. A strategy knows the property, and not which fix is out. All but the search "
    "over states run schedules, and no schedule shows that no end can be reached, or that something stays as it is for "
    "ever.",
)


def section(tell: Callable[[str], None], seconds: int = 60, bugs: Sequence[str] = ()) -> Section:
    """seconds: for each bug. bugs: by number; none for all.

    Raises: `ToolError`.
    """
    command = ["museum", "hunt", *bugs, "--blind", f"{seconds}s", "--jobs", "2"]
    tell(f"aprt {' '.join(command)}")
    told = json.loads(output([sys.executable, "-m", "aprt", *command, "--format", "json"], ROOT))
    efforts: dict[str, list[int]] = {}
    for entry in told["entries"]:
        for tried in entry["tries"]:
            hits = efforts.setdefault(tried["strategy"], [])
            if tried["hit"]:
                hits.append(tried["schedules"] or tried["states"])
    rows = [(strategy, str(len(hits)), f"{median(hits):,.0f}" if hits else "") for strategy, hits in efforts.items()]
    records: list[dict[str, Any]] = told["entries"]
    found = f"`aprt {' '.join(command)}`: {told['found']} of {told['of']} bugs are found."
    return Section(TITLE, HEAD, rows, records, (), (found, *REMARKS))
