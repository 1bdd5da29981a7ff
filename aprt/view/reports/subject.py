"""What a report is about: an execution, the finding that its last step shows, and where in it things happened."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cached_property

import attrs

from aprt.core.chain import told
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.notes import Hold
from aprt.core.properties import Finding
from aprt.core.scenario import Scenario

_TEXT = 0x3FF80000000  # where modules are loaded
_HEAP = 0x000A5000
_FIRST_PID = 21


@attrs.frozen
class Subject:
    """release: the era. finding: None for a schedule that breaks nothing."""

    scenario: Scenario
    release: str
    execution: Execution
    finding: Finding | None

    @property
    def events(self) -> Sequence[Event]:
        return self.execution.events

    @property
    def last(self) -> Event | None:
        """The step that shows the finding; None when it shows before the first one."""
        if self.finding is not None and not self.finding.schedule.labels:
            return None
        steps = len(self.events) if self.finding is None else len(self.finding.schedule)
        return self.events[steps - 1] if self.events else None

    @cached_property
    def pids(self) -> dict[str, int]:
        """A process id for each context, in order of appearance; those that never step share the next one."""
        names = dict.fromkeys(event.context for event in self.events)
        return {name: _FIRST_PID + i for i, name in enumerate(names)}

    def task(self, context: str) -> str:
        """`vcpu0/21`."""
        return f"{context}/{self.pids.get(context, _FIRST_PID + len(self.pids))}"

    def cpu(self, context: str) -> int:
        return list(self.pids).index(context) if context in self.pids else len(self.pids)

    def function(self, event: Event) -> str:
        """The innermost function that a context is in, helpers left out."""
        functions = told(event.chain)
        return functions[-1] if functions else event.context

    def where(self, event: Event) -> str:
        """`vfio_ap_irq_enable+0x6/0xb`: the sixth of the eleven steps that the context takes in it."""
        return self._placed(event, self.function(event))

    def trace(self, event: Event) -> list[str]:
        """The call trace at a step, innermost first."""
        functions = told(event.chain) or [event.context]
        return [
            f" [<{_TEXT + (zlib.crc32(f.encode()) & 0xFFFFFF):016x}>] {self._placed(event, f)}"
            for f in reversed(functions)
        ]

    def address(self, name: str) -> int:
        """Where an object would lie."""
        return _HEAP + (zlib.crc32(name.encode()) & 0xFFF) * 0x100

    def cpu_line(self, event: Event) -> str:
        pid = self.pids[event.context]
        return (
            f"CPU: {self.cpu(event.context)} UID: 0 PID: {pid} Comm: {event.context} Not tainted "
            f"aprt-model {self.release} #1"
        )

    def held(self, context: str, until: int) -> tuple[Hold, ...]:
        """What a context holds after the first `until` steps."""
        mine = [event for event in self.events[:until] if event.context == context]
        return mine[-1].caller.after(mine[-1].notes).held if mine else ()

    def _placed(self, event: Event, function: str) -> str:
        inside = [e.index for e in self.events if e.context == event.context and function in told(e.chain)]
        return f"{function}+{inside.index(event.index) + 1 if event.index in inside else 0:#x}/{len(inside):#x}"
