"""Values and steps in words, as terse as they can be without becoming ambiguous."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Set
from types import MappingProxyType
from typing import Any, Final

import attrs

from aprt.core.events import Event
from aprt.core.notes import Took

_MANNER: Final = MappingProxyType(
    {
        "gated": "picked at random",
        "chaos": "picked by changing priorities",
        "free": "left to trio",
        "steered": "left to trio, some contexts held back",
    }
)
_LARGEST_COUNT = 0xFFF  # a larger number is an address
_LOCKING: Final = frozenset({"lock", "trylock", "unlock"})  # of mutexes and spinlocks; an rwsem goes down_ and up_
_TAKEN: Final = MappingProxyType({None: "", "softirq": "_bh", "hardirq": "_irqsave"})  # with such interrupts off
_GIVEN: Final = MappingProxyType({None: "", "softirq": "_bh", "hardirq": "_irqrestore"})


def word(value: object) -> str:
    """A value of the model, as its type prints it; a record shows the fields that are not the default."""
    kind: type[Any] = type(value)
    if isinstance(value, enum.Enum):
        return str(value) if "__str__" in vars(kind) else value.name
    if attrs.has(kind) and kind.__str__ is object.__str__:
        told = (f for f in attrs.fields(kind) if getattr(value, f.name) != f.default)
        return f"{kind.__name__}({', '.join(f'{f.name}={word(getattr(value, f.name))}' for f in told)})"
    if isinstance(value, tuple) and kind is tuple:
        return _inside("()", (word(item) for item in value))
    if isinstance(value, Mapping):
        return _inside("{}", sorted(f"{word(k)}: {word(v)}" for k, v in value.items()))
    if isinstance(value, Set):
        return _inside("{}", sorted(word(item) for item in value))
    if isinstance(value, int) and kind is int and value > _LARGEST_COUNT:
        return f"{value:#x}"
    return str(value)


def step(event: Event) -> str:
    """One step: `gisa.ipm_set(3) = 128`, or the choice that was made."""
    if event.actor is None:
        return event.op
    reply = "" if event.reply is None else f" = {word(event.reply)}"
    return f"{event.label.op}({', '.join(word(arg) for arg in event.args)}){reply}"


def in_c(event: Event) -> str:
    """As `step`; a lock is taken and given as in the kernel: `mutex_lock(matrix_lock)`, `spin_lock_bh(aq.lock)`."""
    if event.op not in _LOCKING and not event.op.startswith(("down_", "up_")):
        return step(event)
    taken = (note.hold for note in event.notes if isinstance(note, Took))
    hold = next((hold for hold in (*taken, *reversed(event.caller.held)) if hold.lock == event.actor), None)
    if hold is None:
        return step(event)
    prefix = "" if event.op not in _LOCKING else "spin_" if hold.atomic else "mutex_"
    suffix = (_GIVEN if event.op == "unlock" else _TAKEN)[hold.masks]
    reply = "" if event.reply is None else f" = {event.reply}"
    return f"{prefix}{event.op}{suffix}({hold.lock}){reply}"


def manner(mode: str) -> str:
    """A phrase that says who picks the steps of a run, by the mode of `runtime.run`."""
    return _MANNER[mode]


def again(steps: int) -> str:
    """A phrase that says how many steps at the end repeat for ever."""
    return f"the last {'step' if steps == 1 else f'{steps} steps'} again and again, for ever"


def _inside(brackets: str, items: Iterable[str]) -> str:
    return f"{brackets[0]}{', '.join(items)}{brackets[1]}"


def ends_at(unasked: Collection[str]) -> str:
    """A phrase that says at which properties, not asked about, executions end."""
    return f"an execution ends at a violation of {' or '.join(unasked)}"


def not_asked(unasked: Collection[str]) -> str:
    """As `ends_at`, and what to type to ask about it."""
    asking = " ".join(f"--property {id}" for id in unasked)
    return f"{ends_at(unasked)}, which was not asked; ask {asking}, or --property all"
