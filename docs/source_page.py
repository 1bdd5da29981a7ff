"""The page that holds the model against the source of the kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from docs.driver_functions import DRV, FUNCTIONS, LEFT_OUT, OPS
from docs.markdown import page, table
from docs.source_map import Mirrored, mirrored

ROOT: Final = Path(__file__).parent.parent


def source_page() -> str:
    """Which function of the kernel is where in the model, and which functions of the driver are nowhere."""
    found = mirrored(ROOT / "aprt")
    files = dict.fromkeys(one.file for one in found)
    sections = [_kernel_file(file, [one for one in found if one.file == file]) for file in files]
    rows = [(f"`{name}`", reason) for name, reason in LEFT_OUT.items()]
    return page(
        "# The model against the source",
        "Which function or structure of the kernel is mirrored by which file of aprt, and of which release (QEMU's "
        "own for its functions). Read from the docstrings; what a file leaves out of what it mirrors stands in its "
        "docstring. `python -m docs.mirrors LINUX` holds it against a source tree and prints what the file named "
        "does not define in that release.",
        *sections,
        "## Functions of the driver that the model leaves out",
        f"Of the {sum(map(len, FUNCTIONS.values()))} functions in `{OPS}` and `{DRV}` of Linux 6.16 these have no "
        "counterpart of their own.",
        table(("function", "why"), rows),
    )


def _kernel_file(file: str, found: list[Mirrored]) -> str:
    rows = []
    for symbol in dict.fromkeys(one.symbol for one in found):
        places = [one for one in found if one.symbol == symbol]
        rows.append((f"`{symbol}`", "<br>".join(map(_place_of, places))))
    return "\n\n".join((f"## {file}", table(("of the kernel", "in aprt"), rows)))


def _place_of(one: Mirrored) -> str:
    path = one.path.relative_to(ROOT).as_posix()
    return f"`{path}` ({one.version})"
