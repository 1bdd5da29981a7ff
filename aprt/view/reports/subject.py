"""What a report is about: an execution, the finding that its last step shows, and where in it things happened."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import attrs

from aprt.core.actor import Actor
from aprt.core.chain import Place, without_helpers
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.core.notes import Gave, Hold, Took
from aprt.core.properties import NoHang
from aprt.core.schedule import Label, Schedule
from aprt.core.step import Ask
from aprt.core.system import System
from aprt.detect.history import History
from aprt.detect.parts import Parts
from aprt.explore.failures.endless import Standing
from aprt.explore.replay import pending, places, replay
from aprt.verdict.case import Case
from aprt.verdict.telling import Instead
from aprt.view.words import word

HARDWARE = "Hardware name: aprt model"

_TEXT = 0x3FF80000000  # where modules are loaded
_HEAP = 0x000A5000
_FIRST_PID = 21


@attrs.frozen
class Subject:
    """An execution, with what there is to say of it."""

    case: Case
    system: System  # of the case
    execution: Execution
    finding: Finding | None  # None for a schedule that breaks nothing of what was asked about
    instead: Instead | None = None  # what it then does break, unless every property was asked about
    decisive: frozenset[Label] = frozenset()  # the steps that tell best why it breaks
    rounds: tuple[Standing, ...] = ()  # of a hang: who goes round for ever after the last step, if that is known

    @property
    def release(self) -> str:
        """The kernel, as a report names it: the era and the switches that were changed."""
        return "+".join((self.case.era.name, *self.case.words))

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

    @cached_property
    def pending(self) -> dict[str, Ask]:
        """What each context that is not done asks for after the last step."""
        return pending(self.system, self.execution.schedule)

    @cached_property
    def history(self) -> History:
        """The execution as detectors know it."""
        history = History(Parts(self.system))
        for event in self.events:
            history.feed(event)
        for ask in self.pending.values():
            history.ask(ask)
        return history

    def before_release(self, major: int, minor: int) -> bool:
        """Whether the kernel is a release older than that one."""
        release = re.match(r"(\d+)\.(\d+)", self.release)
        return release is not None and (int(release[1]), int(release[2])) < (major, minor)

    def along(self, schedule: Schedule) -> Subject:
        """The same system on another schedule, with nothing found."""
        return attrs.evolve(self, execution=replay(self.system, schedule), finding=None)

    def going_on(self, steps: Iterable[tuple[str, str]]) -> Subject:
        """The same hang after more steps, as pairs (context, operation); its finding says where contexts are then."""
        done = [(event.context, event.label.op) for event in self.events]
        execution = replay(self.system, Schedule.of([*done, *steps]))
        later = attrs.evolve(self, execution=execution)
        daemons = {context.name for context in self.system.contexts if context.daemon}
        left = [(name, str(ask.call)) for name, ask in later.pending.items() if name not in daemons]
        if self.finding is None or not left:
            return later
        return attrs.evolve(later, finding=attrs.evolve(self.finding, text=NoHang().text(left)))

    def actor(self, name: str | None) -> Actor[Any] | None:
        """The actor of that name."""
        return next((actor for actor in self.system.actors if actor.name == name), None)

    def hung(self, finding: Finding) -> tuple[str, ...]:
        """The contexts that wait for good, or go round for ever: those that block, or that the finding names."""
        if finding.loop:
            return tuple(dict.fromkeys(event.context for event in self.events[-finding.loop :]))
        if self.execution.blocked:
            return tuple(context for context, _ in self.execution.blocked)
        said = re.findall(r"[^\s,]+", finding.text)
        return tuple(name for name in self.pending if name in said)

    def task(self, context: str) -> str:
        """`vcpu0/21`."""
        return f"{context}/{self.pids.get(context, _FIRST_PID + len(self.pids))}"

    def cpu(self, context: str) -> int:
        return list(self.pids).index(context) if context in self.pids else len(self.pids)

    def function(self, event: Event) -> str:
        """The innermost function that a context is in, helpers left out."""
        return innermost(event.chain, event.context)

    def where(self, event: Event) -> str:
        """`vfio_ap_irq_enable+0x6/0xb`: in the innermost function, as `Place` counts."""
        return self.frames(event)[0]

    def frames(self, event: Event) -> list[str]:
        """The functions a context is in at a step, placed, innermost first."""
        return _inside(self._places[0][event.index], event.context)

    def trace(self, event: Event) -> list[str]:
        """The call trace at a step."""
        return call_trace(self.frames(event))

    def asking(self, context: str) -> list[str]:
        """The functions of a context that asks for something after the last step, placed, innermost first."""
        return _inside(self._places[1][context], context)

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

    def concerns(self, finding: Finding, event: Event) -> bool:
        """Whether a step changed something that a finding names."""
        return event.changed and self.names(finding, event)

    def names(self, finding: Finding, event: Event) -> bool:
        """Whether a finding names the actor of a step: by its name, as `vm0`, or by that of its queue, as `05.0004`."""
        words, actor = _words(finding.text), event.actor
        if actor is None:
            return False
        locks = any(isinstance(note, Took | Gave) for note in event.notes)  # the locks of a queue say little
        return actor in words or (actor.rpartition(" ")[2] in words and not locks)

    def handed(self, finding: Finding, event: Event) -> bool:
        """Whether an actor that a finding names is an argument or the reply of a step."""
        actors = {name for actor in self.system.actors for name in (actor.name, actor.name.rpartition(" ")[2])}
        handed = {text for value in (*event.args, event.reply) for text in _words(word(value))}
        return not (actors & _words(finding.text)).isdisjoint(handed)

    def value_before(self, event: Event) -> Any:
        """What the actor of a step was just before it."""
        earlier = [e.state for e in self.events[: event.index] if e.actor == event.actor]
        return earlier[-1] if earlier else self.system.initial()[event.actor or ""]

    @cached_property
    def _places(self) -> tuple[list[tuple[Place, ...]], dict[str, tuple[Place, ...]]]:
        return places(self.system, self.execution.schedule)


def _inside(chain: Sequence[Place], context: str) -> list[str]:
    """The places of a chain, innermost first; the context where it is in no function that a reader is told."""
    return [str(place) for place in reversed(chain)] or [context]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\s,()]+", text))


def innermost(chain: Iterable[str], otherwise: str) -> str:
    """The innermost function of a call chain, helpers left out; `otherwise` where nothing else is in it."""
    functions = without_helpers(chain)
    return functions[-1] if functions else otherwise


def call_trace(frames: Iterable[str]) -> list[str]:
    """Frames with addresses, as s390 prints them."""
    named = ((frame, frame.partition("+")[0]) for frame in frames)
    return [f" [<{_TEXT + (zlib.crc32(name.encode()) & 0xFFFFFF):016x}>] {frame}" for frame, name in named]
