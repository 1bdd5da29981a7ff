"""Reports of tasks that wait for good: who, for what, in which function, holding which locks; and who waits for whom.

Form: kernel/hung_task.c: check_hung_task(). The graph of who waits for whom is no part of the kernel's.
"""

from __future__ import annotations

from aprt.core.properties import Finding
from aprt.view.reports.subject import Subject

_SECONDS = 122


def hungtask(subject: Subject, finding: Finding) -> list[str]:
    """A report for each task that waits, and then all locks; what goes round for ever is told as such."""
    blocked = subject.execution.blocked
    until = len(finding.schedule)
    lines: list[str] = []
    for context, op in blocked:
        lines += _task(subject, context, f"waits for {op}")
    if finding.loop:
        round_ = subject.events[until - finding.loop : until]
        for context in dict.fromkeys(event.context for event in round_):
            ops = dict.fromkeys(f"{event.actor}.{event.op}" for event in round_ if event.context == context)
            lines += _task(subject, context, f"goes round for ever: {', '.join(list(ops)[:4])}")
    if not lines:
        lines = [*_task(subject, last.context, finding.text)] if (last := subject.last) is not None else []
    lines += ["Showing all locks held in the system:", *_locks(subject, until), "=" * 45]
    graph = _waits(subject, until)
    return lines + (["", "who waits for whom:", *graph] if graph else [])


def _task(subject: Subject, context: str, why: str) -> list[str]:
    name, pid = subject.task(context).rsplit("/", 1)
    mine = [event for event in subject.events if event.context == context]
    return [
        f"INFO: task {name}:{pid} blocked for more than {_SECONDS} seconds.",
        f"      Not tainted aprt-model {subject.release} #1",
        '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
        f"task:{name:<15} state:D stack:0     pid:{pid}    tgid:{pid}    ppid:1",
        f"  {why}",
        "Call Trace:",
        *(subject.trace(mine[-1]) if mine else [f" {context}"]),
        "",
    ]


def _locks(subject: Subject, until: int) -> list[str]:
    lines = []
    for context in subject.pids:
        held = subject.held(context, until)
        if held:
            lines.append(f"{len(held)} lock{'s' * (len(held) != 1)} held by {subject.task(context)}:")
            lines += [f" #{i}: {subject.address(h.lock):016x} ({h.lock})" for i, h in enumerate(held)]
    return lines or ["none"]


def _waits(subject: Subject, until: int) -> list[str]:
    """The cycle of tasks that wait for locks of each other, and its tail."""
    owner = {h.lock: context for context in subject.pids for h in subject.held(context, until)}
    waits = {c: owner[op.rpartition(".")[0]] for c, op in subject.execution.blocked if op.rpartition(".")[0] in owner}
    on_cycle = set[str]()
    for start in waits:
        here, seen = start, list[str]()
        while here in waits and here not in seen:
            seen.append(here)
            here = waits[here]
        if here in seen:
            on_cycle |= set(seen[seen.index(here) :])
    return [f"  {c} -> {w}   {'cycle' if c in on_cycle else 'tail'}" for c, w in waits.items()]
