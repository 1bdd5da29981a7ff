"""`aprt scenario new`: a file with a scenario to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from aprt.cli.output import echo
from aprt.core.errors import UserError

TEMPLATE: Final = '''\
"""A scenario of my own: who does what to a guest that is attached."""

from functools import partial

from aprt import Context
from aprt.core.scenario import Model, Scenario, Settings
from aprt.vfio_ap.host.bus_scan import unbind
from aprt.vfio_ap.host.userspace import DEVICE, close_fd
from aprt.vfio_ap.releases.situation import Situation


def build(settings: Settings) -> Model:
    """One guest with everything open, whose vCPU runs the program of the switch `guest`; two others act on it."""
    s = Situation.attached(settings)
    return s.model(
        Context("user", partial(close_fd, s.machine, s.guest, DEVICE)),
        Context("admin", partial(unbind, s.machine, s.apqn)),
        scope="user space closes the device while the administrator unbinds the queue; the VM stays",
    )


SCENARIO = Scenario(
    "close-beside-unbind",
    "the device is closed while its queue is unbound",
    "What races with what, in at most three lines.",
    ("P5", "P6", "P7", "P9"),  # what is checked, with K2, unless something else is asked for: aprt property list
    build,
    ("guest=enable",),  # switches that it sets by itself: aprt scenario show 2026/FILE.py:SCENARIO
)
'''


@click.command("new", short_help="Write a file with a scenario to start from.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.py")
def new_scenario(file: Path) -> int:
    """Write a Python file with a scenario to start from, for the eras from 6.0 on."""
    if file.suffix != ".py":
        raise UserError(f"{file}: the name of a scenario file ends in .py")
    try:
        with open(file, "x", encoding="utf-8") as new:
            new.write(TEMPLATE)
    except FileExistsError:
        raise UserError(f"{file}: is there already; take another name") from None
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from None
    from aprt.view.commands import quoted

    echo(f"{file}: change it, and see it: aprt explore {quoted(f'2026/{file}:SCENARIO')}")
    return 0
