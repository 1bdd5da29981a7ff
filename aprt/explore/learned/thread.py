"""One context's behaviour, run up to its next effect and suspended there. (No thread of Python's.)"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from aprt.core.chain import await_chain
from aprt.core.effects import Call, Choose, Effect
from aprt.core.errors import ModelError, UserError
from aprt.core.foreign import check_returned, foreign
from aprt.core.system import Behaviour, Context, operation

_UNWINDING = 1_000  # so often a dropped behaviour may await something in its clean-up code


class Thread:
    """A running behaviour of `context`, from its start. effect: what it waits for; None when it is done.

    actors: the names that it may call. Whoever makes a thread and does not run it to its end must `drop` it.
    Raises: `ModelError` when the behaviour raises, calls another actor, or awaits what is no effect; a `UserError` that
    it raises is left as it is.
    """

    def __init__(self, context: Context, actors: Container[str]) -> None:
        self.context, self._actors = context, actors
        self.behaviour: Behaviour = context.behaviour()
        self.effect: Effect[Any] | None = None
        self.resume(None)

    def resume(self, answer: object) -> None:
        """Give the answer to the pending effect and run to the next."""
        before = self.effect
        try:
            effect = self.behaviour.send(answer)
        except StopIteration as end:
            self.effect = None
            check_returned(self.context.name, end.value)
            return
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            where = "at its start" if before is None else f"after {operation(before, answer)}"
            raise ModelError(f"{self.context.name} raised {error!r} {where}") from error
        if isinstance(effect, Call):
            if effect.actor.name not in self._actors:
                self.drop()
                raise ModelError(f"{self.context.name} does {effect}, but the system has no {effect.actor.name}")
        elif not isinstance(effect, Choose):
            wrong = foreign(self.context.name, self.behaviour, effect)
            self.drop()
            raise wrong
        self.effect = effect

    @property
    def chain(self) -> tuple[str, ...]:
        return await_chain(self.behaviour)

    def drop(self) -> None:
        """End the behaviour where it is. What its clean-up code awaits or raises is no step of any execution."""
        for _ in range(_UNWINDING):
            try:
                self.behaviour.close()
                return
            except Exception:  # RuntimeError: it awaited something while unwinding, and is suspended there
                continue
        raise ModelError(f"{self.context.name} cannot be dropped: it goes on after GeneratorExit")
