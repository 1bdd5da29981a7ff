"""What the tasks of one execution say to each other.

    context -> actor      Request         (if there is a gate: an Offer to the gate, or an Attempt of a granted step)
    actor   -> context    Answer
    gate    -> actor      Probe, Attempt  answered by Able
    gate    -> context    Go              the steps that it is granted
    all     -> observer   a Report        in the order in which things happened
    observer -> director  Over            the director is the task that asked for the execution

Whoever lets something happen reports it in the same breath, without a checkpoint in between. So the order of the
reports is the order of the steps: the linearisation.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.execution import Ending, Execution
from aprt.core.notes import Note
from aprt.core.schedule import Label
from aprt.core.step import Ask
from aprt.runtime.mailbox import Mailbox


class Halt(NamedTuple):
    """The execution is over: stop playing your part."""


class Answer(NamedTuple):
    """A request was performed. notes: what its handler left, from which the context knows what it holds now."""

    reply: Any
    notes: tuple[Note, ...]


class Go(NamedTuple):
    """These steps, all of one context, are granted: it need not ask again for any of them."""

    labels: tuple[Label, ...]


class Able(NamedTuple):
    """Whether the request of a context could run now."""

    context: str
    able: bool


ToContext: TypeAlias = Answer | Go | Able | Halt


class Request(NamedTuple):
    """A call on its way. chain: what the context is running, outermost first. answers: where the reply goes."""

    call: Call[Any]
    label: Label
    caller: Caller
    chain: tuple[str, ...]
    answers: Mailbox[ToContext]


class Offer(NamedTuple):
    """A parked context: the labels that it could do next; the request behind it, unless it is a choice.

    left: how many of the steps that it was granted it has not done.
    """

    context: str
    labels: tuple[Label, ...]
    request: Request | None
    answers: Mailbox[ToContext]
    left: int


class Over(NamedTuple):
    """The execution is over, and this is what it was; or an error ended it."""

    result: Execution | Exception

    def execution(self) -> Execution:
        """The execution; raises the error if it was one."""
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Finished(NamedTuple):
    """A behaviour has come to its end. left: as in `Offer`."""

    context: str
    left: int = 0


ToDirector: TypeAlias = Offer | Finished | Able | Over


class Probe(NamedTuple):
    """Could this request run now? Nothing changes."""

    request: Request
    answers: Mailbox[ToDirector]


class Attempt(NamedTuple):
    """Perform this request if it can run now, and answer Able if it cannot: it must not wait here.

    watched: whether the observer is to look at once, or may as well do so later.
    """

    request: Request
    answers: Mailbox[ToDirector] | Mailbox[ToContext]
    watched: bool


ToActor: TypeAlias = Request | Probe | Attempt | Halt


class Asked(NamedTuple):
    """A context has arrived at its next effect. ask: the call that it is; None for a choice."""

    context: str
    operation: str
    ask: Ask | None

    @property
    def actor(self) -> str | None:
        """Whom it calls."""
        return None if self.ask is None else self.ask.call.actor.name


class Waits(NamedTuple):
    """The request of a context cannot run now."""

    context: str


class Ready(NamedTuple):
    """The request of a context, which had to wait, can run now."""

    context: str


class Handled(NamedTuple):
    """An actor has performed a request. state: the one after it. task: the trio task that ran the handler."""

    request: Request
    reply: Any
    notes: tuple[Note, ...]
    state: Any
    changed: bool
    task: str


class Chose(NamedTuple):
    """The environment has decided."""

    label: Label
    option: Any
    caller: Caller
    chain: tuple[str, ...]


class Crashed(NamedTuple):
    """A handler or a behaviour raised, which ends the execution."""

    error: Exception


class Close(NamedTuple):
    """The director ends the execution."""

    ending: Ending


class Stalled(NamedTuple):
    """Every task waits, yet the execution is not over: something was lost."""


Report: TypeAlias = Asked | Waits | Ready | Handled | Chose | Finished | Crashed | Close | Stalled | Halt
