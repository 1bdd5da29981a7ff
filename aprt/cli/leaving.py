"""Ctrl-C where nothing is known yet that could be told: the process ends at once.

By no exception: one that comes up in the middle of an import, of a finalizer or of a trio run cannot be told in a line.
What is imported here is imported before Ctrl-C is heeded, and so it is little: of `signal` only what is built in, as
the rest imports enum, which takes longer than all before it. What Python does before that (`site`) is out of reach.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # that of typing
if TYPE_CHECKING:
    import signal
    from types import FrameType
    from typing import NoReturn
else:
    import _signal as signal

INTERRUPTED = 130


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """A handler: say so in a line, and end this process with its workers."""
    try:
        if "multiprocessing" in sys.modules:
            from multiprocessing import active_children

            for worker in active_children():
                worker.kill()
        wipe = "\r\x1b[K\x1b[?25h" if os.isatty(2) else ""  # what a line of progress, and tables, leave on a terminal
        os.write(2, f"{wipe}aprt: interrupted\n".encode())
    finally:
        os._exit(INTERRUPTED)


def heed() -> None:
    """From here on Ctrl-C ends the process, unless whoever started it made it deaf."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)


def ignore() -> None:
    """From here on Ctrl-C comes too late to change anything."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
