"""How much a search saw, and why it ended where it did, in a line."""

from __future__ import annotations

from types import MappingProxyType

from aprt.core.amount import count
from aprt.explore.result import Exploration
from aprt.view.words import not_asked

_STOPPED = MappingProxyType(
    {
        "max_states": "stopped at --max-states",
        "max_depth": "stopped at --max-depth",
        "budget": "stopped when the --budget was spent",
        "runs": "all runs done",
        "interrupted": "interrupted",
        "violation": "stopped at the first violation",
        "unshown": "a cycle in the lock order was met, and no schedule for it was found soon",
        "endless": "an execution did not end; --max-depth bounds them",
    }
)


def covered(exploration: Exploration) -> str:
    """How much a search saw, and why it ended where it did."""
    return f"{seen(exploration)}; {open_since(exploration) or 'complete'}"


def seen(exploration: Exploration) -> str:
    """How much a search saw."""
    counted = exploration.counted
    done, what = (exploration.executions, "runs") if exploration.executions else (counted or 0, "states")
    rate = done / exploration.seconds if exploration.seconds > 0.05 else 0
    amounts = [
        *([count(exploration.executions, "run")] if exploration.executions else []),
        *([f"{exploration.cut:,} of them cut off"] if exploration.cut else []),
        *([] if exploration.redundant is None else [f"{exploration.redundant} redundant"]),
        *([] if counted is None else [count(counted, "orbit" if exploration.symmetry else "state")]),
        count(exploration.transitions, "step"),
        f"depth {exploration.depth}",
        f"{exploration.seconds:.1f} s" + (f" ({rate:,.0f} {what}/s)" if rate else ""),
    ]
    return ", ".join(amounts)


def open_since(exploration: Exploration) -> str:
    """Why a search did not cover everything, and what to ask then; empty for one that did."""
    reasons = [] if exploration.stopped is None else [stopped(exploration)]
    if exploration.unasked:
        reasons.append(not_asked(exploration.unasked))
    return "; ".join(reasons)


def stopped(exploration: Exploration) -> str:
    """Why a search stopped, in words, of random runs with the number of the run; "complete" for one that did not."""
    if exploration.stopped is None:
        return "complete"
    drawn = exploration.stopped == "violation" and exploration.seed is not None
    where = f", in run {exploration.executions + 1:,}" if drawn else ""
    return _STOPPED.get(exploration.stopped, exploration.stopped) + where
