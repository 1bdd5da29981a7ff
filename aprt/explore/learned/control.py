"""Control states: when two suspended behaviours have the same future.

A behaviour is deterministic given its answers, so its future is decided by what it can still read: for each frame
of its await chain the position in the code, the live locals (`explore.learned.liveness`), the value stack and the
exception being handled; and, innermost, the effect it awaits. `control_key` gathers exactly that, by content
(`explore.learned.contents`).
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Hashable
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

import attrs

from aprt.core.caller import Caller
from aprt.core.effects import Call, Effect
from aprt.core.errors import ModelError
from aprt.core.step import Ask
from aprt.core.system import Behaviour
from aprt.explore.learned.contents import Contents, Records, Where
from aprt.explore.learned.frames import Suspended, anatomy, dissect
from aprt.explore.learned.liveness import live_locals
from aprt.explore.learned.twins import Twins

_AWAIT_EFFECT = Effect.__await__.__code__


@attrs.define(eq=False)
class Control:
    """A control state of a context. number: among those of the context.

    effect: what the context waits for; None when it is done, or after an oops.
    origin: a control state and the answer that led from it to here. after: where known answers lead.
    twins: coroutines suspended here, until they are used.
    """

    number: int
    effect: Effect[Any] | None
    caller: Caller
    chain: tuple[str, ...]
    origin: tuple[Control, Any] | None
    twins: Twins | None = None
    after: dict[Hashable, Control] = attrs.field(factory=dict)

    @property
    def ask(self) -> Ask | None:
        """The call that the context waits for, if it is one."""
        return Ask(self.caller, self.effect, self.chain) if isinstance(self.effect, Call) else None

    def trail(self) -> list[tuple[Effect[Any] | None, Any]]:
        """The effects on the way here, first one first, each with the answer it was given."""
        steps, here = [], self.origin
        while here is not None:
            before, answer = here
            steps.append((before.effect, answer))
            here = before.origin
        return steps[::-1]


def control_key(behaviour: Behaviour, records: Records | None = None) -> tuple[Hashable, tuple[str, ...]]:
    """The control state of a behaviour suspended at an effect, and the places that keep it from merging.

    Equal keys: the behaviours await equal effects, and do the same ever after, given the same answers. A place
    is `file:line: what holds what` and names a value without comparable content; when there is one, the key is
    equal to no other, not even to that of the same behaviour asked again. A key keeps what it names alive.
    records: remembers the contents of immutable records; pass the same dict, {} at first, to all calls.

    Raises: `ModelError` unless the behaviour is suspended (it has not started, is running, or is done), and when
    it awaits what is no effect.
    """
    state = inspect.getcoroutinestate(behaviour)
    if state != inspect.CORO_SUSPENDED:
        raise ModelError(f"a control state is that of a suspended behaviour, not of one in {state}")
    chain = _Chain({} if records is None else records)
    key = chain.awaited(behaviour, (None, "the behaviour", ""))
    return (object() if chain.places else key), tuple(chain.places)


class _Chain(Contents):
    """Reads one await chain, outermost frame first."""

    def awaited(self, target: object, at: Where) -> Hashable:
        """What a frame awaits: a coroutine, the generator of an effect, or a step of an asynchronous generator."""
        if isinstance(target, CoroutineType | GeneratorType):
            frame, inner = anatomy(target)
            if inner is None and (frame is None or frame.f_code is not _AWAIT_EFFECT):
                raise ModelError(f"a behaviour awaits {target!r}, which is no effect of aprt")
            return self.value(target, at)
        # __anext__, athrow and the like are opaque objects that lead on to what they run
        referents = gc.get_referents(target)
        if not (referents and isinstance(referents[0], CoroutineType | AsyncGeneratorType)):
            raise ModelError(f"a behaviour awaits {target!r}, which is no effect of aprt")
        return type(target), tuple(self.value(part, at) for part in referents)

    def frame(self, suspended: Suspended, at: Where) -> Hashable:
        frame, awaited = anatomy(suspended)
        if frame is None:
            return None
        code = frame.f_code
        if code is _AWAIT_EFFECT:
            return self.value(frame.f_locals["self"], (frame, "the effect", ""))
        parts = dissect(suspended)
        if parts is None:
            return self.never(frame, (frame, "this version of Python", ""))
        live, cells = live_locals(code)[frame.f_lasti], parts.cells
        variables = tuple(
            [
                (name, self.value(value, (frame, "local", name)))
                for name, value in parts.variables.items()
                if name in live or name in cells
            ]
        )
        stack = self.items(parts.stack, (frame, "the value stack", ""))
        handled = self.value(parts.handled, (frame, "the exception being handled", ""))
        inner = None if awaited is None else self.awaited(awaited, (frame, "what it awaits", ""))
        # equal code in two files means different globals
        return code, code.co_filename, frame.f_lasti, variables, stack, handled, inner
