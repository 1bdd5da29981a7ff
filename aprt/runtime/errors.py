"""What can go wrong in a component, as one error that says where."""

from __future__ import annotations

from typing import Any

from aprt.core.errors import ModelError


class ComponentCrash(ModelError):
    """A handler or a behaviour raised; the cause is chained.

    component: the actor or context. state: the actor's state, or what the context holds (`Caller`). mailbox: the
    requests that wait there, as labels. doing: the request being handled, or the step after which it happened.
    """

    def __init__(self, component: str, state: Any, mailbox: tuple[str, ...], doing: str, error: BaseException) -> None:
        self.component, self.state, self.mailbox, self.doing = component, state, mailbox, doing
        waiting = ", ".join(mailbox) or "empty"
        told = str(error) if isinstance(error, ModelError) else repr(error)
        super().__init__(f"{component} crashed in {doing}: {told}; state {state!r}; mailbox {waiting}")


def sole(group: BaseException) -> BaseException:
    """The first error inside nested exception groups; an error that is no group is its own.

    Raise it `from` its own cause, or that is lost.
    """
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
