"""Work for crews, which processes must be able to import."""

from __future__ import annotations

import os
import signal
from pathlib import Path


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
