"""The command line, a thin layer with one file per command.

Modules that take long to import are imported where they are used, so that `--help` answers at once.

Exit codes: 0 holds, 1 violated, 2 usage, 3 inconclusive or not found, 4 a replay differed, 5 a bug of the museum is not
as expected, 70 a mistake of aprt itself (with a traceback, which a mistake of a user never shows), 74 the output cannot
be written, 130 interrupted, 141 nobody reads the output any more.
"""

from aprt.cli.leaving import heed, ignore

TYPE_CHECKING = False  # that of typing; nothing is imported here before Ctrl-C is heeded, as `leaving` says
if TYPE_CHECKING:
    from collections.abc import Mapping

    from aprt.core.scenario import Era


def main() -> None:
    """The entry point. Once the answer is printed Ctrl-C changes the exit code no more."""
    heed()
    import gc

    from aprt.explore.garbage import NEW_OBJECTS

    gc.set_threshold(NEW_OBJECTS)
    from aprt.cli.root import root

    try:
        root(obj=known_eras)
    finally:
        ignore()
        gc.freeze()  # all ends with the process: Python need not look for what is garbage by now


def known_eras() -> "Mapping[str, Era]":
    """The eras that aprt comes with."""
    from aprt.vfio_ap.eras import ERAS

    return ERAS
