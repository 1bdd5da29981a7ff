"""Every error aprt raises on purpose, in one small tree.

`ModelError` is a mistake in a model (or in aprt); `UserError` is a mistake in what a user gave, and its text
is the one line that is shown; `ReplayMismatch` means a schedule and the model no longer fit.
"""

from __future__ import annotations


class AprtError(Exception):
    """Base of all errors raised by aprt."""


class UserError(AprtError):
    """The input is wrong; the message says what, where and what next, in one line."""


class WrongArgument(UserError):
    """A function of aprt was called with something that it does not take."""


class WorkersLost(UserError):
    """Too many of the processes that share the work have gone."""


class UnknownProperty(UserError):
    """A model has no property of that number. id: as it was asked for. hint: the end of the line.

    where: what the model is of, as a user writes it, if that is known.
    """

    def __init__(self, id: str, hint: str, where: str = "this scenario") -> None:
        self.id, self.hint, self.where = id, hint, where
        super().__init__(f"unknown property {id!r}{hint}")

    def __reduce__(self) -> tuple[type[UnknownProperty], tuple[str, str, str]]:
        return type(self), (self.id, self.hint, self.where)


class ModelError(AprtError):
    """A behaviour, handler or property broke a rule that the model relies on."""


class UnknownSwitch(ModelError):
    """A model asks for a switch that its era has not. name: of the switch."""

    def __init__(self, name: str) -> None:
        self.name = name
        advice = "a patch says with since=ERA from where on it can be used, a scenario is named with an era that has it"
        super().__init__(f"the era has no switch {name!r}; {advice}")

    def __reduce__(self) -> tuple[type[UnknownSwitch], tuple[str]]:
        return type(self), (self.name,)


class ReplayMismatch(AprtError):
    """A schedule asked for a step that the model does not offer.

    step: index in the schedule, from 0. expected: the label asked for. enabled: labels possible there.
    """

    def __init__(self, step: int, expected: str, enabled: tuple[str, ...]) -> None:
        self.step, self.expected, self.enabled = step, expected, enabled
        offered = ", ".join(enabled) or "nothing"
        super().__init__(f"replay diverged at step {step}: expected {expected}; enabled: {offered}")

    def __reduce__(self) -> tuple[type[ReplayMismatch], tuple[int, str, tuple[str, ...]]]:
        return type(self), (self.step, self.expected, self.enabled)
