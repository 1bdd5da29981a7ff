"""What detectors look up of a system, once for all its executions."""

from __future__ import annotations

from aprt.core.actor import Actor
from aprt.core.effects import Call
from aprt.core.events import Event
from aprt.core.lock_order import LockGraph
from aprt.core.notes import Hold
from aprt.core.system import System
from aprt.detect.queues import Queue


class Parts:
    """handlers: by actor and message. queues: by actor. owners: the actors that may own something.

    asking: the actors that say themselves which lock a message waits for (`Actor.acquired`). synchronising: the
    messages that may order steps though they leave no note. lock_order: what all executions that were heard to their
    end show.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.lock_order = LockGraph()
        self.contexts = tuple(context.name for context in system.contexts)
        self.daemons = frozenset(context.name for context in system.contexts if context.daemon)
        self.actors = {actor.name: actor for actor in system.actors}
        self.handlers = {(actor.name, op): actor.handler(op) for actor in system.actors for op in actor.messages()}
        self.queues = {
            name: Queue(handler.puts, self.actors[name].room(handler))
            for (name, _), handler in self.handlers.items()
            if handler.puts is not None
        }
        self.owners = tuple(actor.name for actor in system.actors if type(actor).owns is not Actor.owns)
        self.asking = {actor.name for actor in system.actors if type(actor).acquired is not Actor.acquired}

        self.synchronising = {
            (name, op)
            for (name, op), handler in self.handlers.items()
            if handler.orders or handler.acquires or name in self.asking or name in self.queues
        }

    def acquired(self, event: Event) -> Hold | None:
        """The lock that a step may have waited for, as its actor says; None when it waits for none."""
        if event.actor is None:
            return None
        if event.actor not in self.asking and self.handlers[event.actor, event.op].acquires is None:
            return None
        actor = self.actors[event.actor]
        return actor.acquired(Call(actor, event.op, event.args))
