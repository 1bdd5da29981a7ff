"""Reports of tasks that wait for good: who, for what, in which function, holding which locks; and who waits for whom.

Form: kernel/hung_task.c: check_hung_task(), which reports tasks in state D only. Other tasks that hang, asleep until a
signal comes or running, are shown as sysrq-t would. The kernel's report has neither what is no lock to lockdep, nor the
graph of who waits for whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from aprt.core.finding import Finding
from aprt.core.notes import Hold
from aprt.detect.hung import WaitsFor
from aprt.view.reports.holds import held_at, is_lock, locks_held
from aprt.view.reports.subject import Subject, call_trace

_SECONDS = 122

State: TypeAlias = Literal["D", "S", "R"]


def hungtask(subject: Subject, finding: Finding) -> list[str]:
    """A report for each task that waits or goes round, and then all locks."""
    lines = [f"({finding.text})"]
    for context in subject.hung(finding):
        state = state_of(subject, finding, context)
        lines += ["", *(_blocked(subject, context) if state == "D" else ()), _task(subject, context, state)]
        lines += _around(subject, finding, context) if finding.loop else _waiting(subject, context, state)
    lines += ["", "Showing all locks held in the system:", *_locks(subject), "", "=" * 45]
    others, graph = _others(subject), _waits(subject)
    lines += ["", "held, too, and others may wait for it, but no lock that lockdep knows:", *others] if others else []
    return lines + (["", "who waits for whom:", *graph] if graph else [])


def state_of(subject: Subject, finding: Finding, context: str) -> State:
    """The state of a task that hangs: D is asleep whatever comes, S until a signal comes, R is not asleep for good, as
    it spins, goes round, or could go on.
    """
    ask = subject.pending.get(context)
    if finding.loop or ask is None or _round(subject, context) or not subject.history.blocks(ask):
        return "R"
    handler = ask.call.actor.handler(ask.call.op)
    if not handler.sleeps:
        return "R"
    return "S" if handler.interruptible else "D"


def _waiting(subject: Subject, context: str, state: State) -> list[str]:
    ask, ops = subject.pending[context], _round(subject, context)
    does = "waits for" if subject.history.blocks(ask) else "could go on with"
    ends = ", which a signal would end" if state == "S" else ""
    said = _goes_round(ops) if ops else f"  ({does} {ask.call}{ends})"
    return [said, "Call Trace:", *call_trace(subject.asking(context))]


def _around(subject: Subject, finding: Finding, context: str) -> list[str]:
    mine = [event for event in subject.events[-finding.loop :] if event.context == context]
    ops = dict.fromkeys(event.label.op for event in mine)
    return [_goes_round(ops), "Call Trace:", *subject.trace(mine[-1])]


def _round(subject: Subject, context: str) -> tuple[str, ...]:
    """The operations that a context repeats for ever after the last step; none where it waits, or that is not known."""
    return next((one.ops for one in subject.rounds if one.context == context), ())


def _goes_round(ops: Iterable[str]) -> str:
    return f"  (goes round for ever: {', '.join(ops)})"


def _blocked(subject: Subject, context: str) -> list[str]:
    """What the watchdog says before it shows the task."""
    name, pid = subject.task(context).rsplit("/", 1)
    return [
        f"INFO: task {name}:{pid} blocked for more than {_SECONDS} seconds.",
        f"      Not tainted aprt-model {subject.release} #1",
        '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
    ]


def _task(subject: Subject, context: str, state: State) -> str:
    name, pid = subject.task(context).rsplit("/", 1)
    return f"task:{name:<15} state:{state} stack:0     pid:{pid:<5} tgid:{pid:<5} ppid:1      flags:0x00000000"


def _locks(subject: Subject) -> list[str]:
    holders = {context: [hold for hold in held if is_lock(subject, hold)] for context, held in _held(subject).items()}
    return [line for c, held in holders.items() if held for line in locks_held(subject, c, held)] or ["none"]


def _others(subject: Subject) -> list[str]:
    """What contexts hold that is no lock: a flag, a timer that runs, a VM that vCPUs are in."""
    holds = [(c, hold) for c, held in _held(subject).items() for hold in held if not is_lock(subject, hold)]
    return [f"  {subject.task(context)}: {held_at(subject, context, hold)}" for context, hold in holds]


def _held(subject: Subject) -> dict[str, Sequence[Hold]]:
    """What each context holds after the last step."""
    return {context: subject.held(context, len(subject.events)) for context in subject.pids}


def _waits(subject: Subject) -> list[str]:
    """Who waits for whom: the circles, and their tails."""
    graph = WaitsFor(subject.history)
    waits = graph.waits()
    on_cycle = {name for circle in graph.circles(waits) for name in circle}
    return [f"  {c} -> {w}   {'cycle' if c in on_cycle else 'tail'}" for c in waits for w in graph.holders(c)]
