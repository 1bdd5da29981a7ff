"""What the kernel calls a procedure whose name is not the same in all releases."""

from __future__ import annotations

from collections.abc import Callable

from aprt.vfio_ap.host.machine import Machine


def renamed(first: str | None, **later: str) -> Callable[..., str | None]:
    """The name for `mirrors`: at first, and what it became with each of these switches, in their order.

    None: at first it was a part of its callers. The procedure's first argument is the machine.
    """
    newest_first = tuple(reversed(later.items()))

    def name(machine: Machine, *_: object) -> str | None:
        return next((became for switch, became in newest_first if machine.on(switch)), first)

    return name
