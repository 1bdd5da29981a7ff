"""What the kernel calls a procedure whose name is not the same in all releases, or for all that it is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from aprt.vfio_ap.host.machine import Machine

_COUNTED: Mapping[str, str] = MappingProxyType({"apm": "adapter", "aqm": "domain", "adm": "control_domain"})


def renamed(first: str | None, **later: str) -> Callable[..., str | None]:
    """For `mirrors`: the function's name at first, and the names that it got later, each by the switch that brought it.

    first: None if it was no function of its own yet, but a part of its callers. later: the oldest name first. The
    procedure's first argument is the machine.
    """
    newest_first = tuple(reversed(later.items()))

    def name(machine: Machine, *_: object) -> str | None:
        return next((became for switch, became in newest_first if machine.on(switch)), first)

    return name


def by_mask(pattern: str) -> Callable[..., str]:
    """For `mirrors`: a name that depends on the mask which the procedure is called for.

    `assign_{}_store` is `assign_adapter_store` for "apm", `assign_domain_store` for "aqm".
    """

    def name(*args: object) -> str:
        return pattern.format(next(_COUNTED[arg] for arg in args if isinstance(arg, str) and arg in _COUNTED))

    return name


def control_domain_store(_machine: Machine, _mdev: object, _text: str, assigned: bool = True) -> str:
    """For `mirrors`: the name of what assigns a control domain or, not `assigned`, takes it back."""
    return f"{'assign' if assigned else 'unassign'}_control_domain_store"
