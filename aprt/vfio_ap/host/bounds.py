"""What is bounded in every scenario: how much of everything a machine has, and what of a real one it has not."""

from __future__ import annotations

from typing import Final

from aprt.vfio_ap.host.machine import Machine

NOT_MODELLED: Final = ("interrupt latency", "firmware inside the card")


def bounds(machine: Machine) -> tuple[str, ...]:
    """Lines for the scope of a model: the machine's parts by name, and whether interrupts are delivered."""
    parts = {
        "guests": [f"{guest.name} ({len(guest.vcpus)} vCPU)" for guest in machine.guests],
        "queues": [str(apqn) for apqn in sorted(machine.queues)],
        "mdevs": [mdev.name for mdev in machine.mdevs],
    }
    return (
        "; ".join(f"{kind}: {', '.join(names) or 'none'}" for kind, names in parts.items()),
        f"requests and interrupt delivery: {'in' if machine.on('delivery') else 'out'}",
    )
