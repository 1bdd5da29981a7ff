"""Ctrl-C while there is no result yet to print: the process ends at once, with one line.

It ends without an exception, since one in the middle of an import, a finalizer or a trio run ends in a traceback. So
does Ctrl-C before this module is imported, while Python starts: Python answers it, and exits with 1 or dies of the
signal. That this may be short, next to nothing is imported until then: of `signal` only the built-in part, because the
rest imports enum, which takes longer than everything before it, and no `__future__`.
"""

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


def leave(number: int, frame: "FrameType | None") -> "NoReturn":
    """A handler of SIGINT: print one line, and end this process with its workers."""
    try:
        if "multiprocessing" in sys.modules:
            from multiprocessing import active_children

            for worker in active_children():
                worker.kill()
        wipe = "\r\x1b[K\x1b[?25h" if os.isatty(2) else ""  # a line of progress; show the cursor, which tables hide
        os.write(2, f"{wipe}aprt: interrupted\n".encode())
    finally:
        os._exit(INTERRUPTED)


def heed() -> None:
    """From here on Ctrl-C ends the process, unless whoever started it had SIGINT ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)


def ignore() -> None:
    """From here on Ctrl-C changes nothing: the answer is printed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
