"""Reports of tasks that wait for good: who, for what, in which function, holding which locks; and who waits for whom.

Form: kernel/hung_task.c: check_hung_task(). The graph of who waits for whom is no part of the kernel's. A task that
goes round for ever is told alike, as one that runs.
"""

from __future__ import annotations

from aprt.core.properties import Finding
from aprt.detect.hung import WaitsFor
from aprt.view.reports.holds import locks_held
from aprt.view.reports.subject import Subject, call_trace

_SECONDS = 122


def hungtask(subject: Subject, finding: Finding) -> list[str]:
    """A report for each task that waits or goes round, and then all locks."""
    until = len(finding.schedule)
    lines = [f"({finding.text})"]
    for context in subject.hung(finding):
        lines += _around(subject, finding, context) if finding.loop else _waiting(subject, context)
    lines += ["", "Showing all locks held in the system:", *_locks(subject, until), "", "=" * 45]
    graph = _waits(subject)
    return lines + (["", "who waits for whom:", *graph] if graph else [])


def _waiting(subject: Subject, context: str) -> list[str]:
    ask = subject.pending[context]
    frames = subject.asking(context, ask.chain) or [context]
    return [*_task(subject, context, "D", f"waits for {ask.call}"), *call_trace(frames)]


def _around(subject: Subject, finding: Finding, context: str) -> list[str]:
    mine = [event for event in subject.events[-finding.loop :] if event.context == context]
    does = ", ".join(dict.fromkeys(event.label.op for event in mine))
    return [*_task(subject, context, "R", f"goes round for ever: {does}"), *subject.trace(mine[-1])]


def _task(subject: Subject, context: str, state: str, why: str) -> list[str]:
    name, pid = subject.task(context).rsplit("/", 1)
    return [
        "",
        f"INFO: task {name}:{pid} blocked for more than {_SECONDS} seconds.",
        f"      Not tainted aprt-model {subject.release} #1",
        '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
        f"task:{name:<15} state:{state} stack:0     pid:{pid:<5} tgid:{pid:<5} ppid:1      flags:0x00000000",
        f"  ({why})",
        "Call Trace:",
    ]


def _locks(subject: Subject, until: int) -> list[str]:
    holders = {context: held for context in subject.pids if (held := subject.held(context, until))}
    return [line for context, held in holders.items() for line in locks_held(subject, context, held)] or ["none"]


def _waits(subject: Subject) -> list[str]:
    """Who waits for whom: the circles, and their tails."""
    graph = WaitsFor(subject.history)
    waits = graph.waits()
    on_cycle = {name for circle in graph.circles(waits) for name in circle}
    return [f"  {c} -> {w}   {'cycle' if c in on_cycle else 'tail'}" for c in waits for w in graph.holders(c)]
