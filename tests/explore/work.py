"""Work for crews, which processes must be able to import."""

from __future__ import annotations

import importlib
import os
import signal
from pathlib import Path
from typing import Any

from aprt import DEADLOCK, HANG, Property, System
from aprt.core.properties import NoHang
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS


def origin(name: str, *args: Any) -> tuple[System, tuple[Property, ...]]:
    """The program `module:function` of `tests.explore.programs`, checked for deadlocks."""
    module, _, function = name.partition(":")
    make = getattr(importlib.import_module(f"tests.explore.programs.{module}"), function)
    return make(*args), (DEADLOCK,)


def case(reference: str) -> tuple[System, tuple[Property, ...]]:
    """A scenario of era v4, with all of its properties that one execution can break."""
    model = Case.parse(reference, ERAS).model()
    return model.system, tuple(p for p in model.properties if not any(isinstance(c, NoHang) for c in p.checks))


def square(number: int) -> int:
    return number * number


def process(_: int) -> int:
    return os.getpid()


def process_name() -> str:
    """Differs from process to process, as versions of aprt could."""
    return str(os.getpid())


def die_once(piece: tuple[Path, int]) -> int:
    """The square of a number; the first worker to be asked for that of 3 is killed over it."""
    marker, number = piece
    if number == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


def die(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def hangs(reference: str) -> tuple[System, tuple[Property, ...]]:
    """A scenario of era v4, checked for hangs."""
    return Case.parse(reference, ERAS).model().system, (HANG,)
