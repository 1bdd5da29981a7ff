"""Runs TLC on the TLA+ text of a model, where `TLA2TOOLS` names its jar."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.catalogue import Model
from benchmarks.measured import Measured
from benchmarks.process import ToolError, output

JAR = "TLA2TOOLS"
INITIAL = 1  # TLC counts the initial state as generated
CONFIGURATION = "SPECIFICATION Spec\nCONSTANT\n{constants}\n"


def missing() -> str | None:
    """Why TLC cannot be run here; None when it can."""
    jar = os.environ.get(JAR)
    if jar is None:
        return f"{JAR} does not name the jar of the TLA+ tools"
    if not Path(jar).is_file():
        return f"{JAR} names {jar}, which is no file"
    return None if shutil.which("java") else "java not found; on Debian: apt install default-jre-headless"


def check(model: Model) -> Measured:
    """Generate all states. Transitions include those that lead back to where they started.

    Raises: `ToolError` when TLC fails, or does not get to the end.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / model.tla.name).write_bytes(model.tla.read_bytes())
        constants = "\n".join(f"{name} = {value}" for name, value in model.sizes.items())
        (folder / "MC.cfg").write_text(CONFIGURATION.format(constants=constants))
        jar = Path(os.environ[JAR]).resolve()
        java = ["java", "-cp", str(jar), "tlc2.TLC"]
        options = ["-deadlock", "-config", "MC.cfg", model.tla.name]
        begin = time.perf_counter()
        report = output([*java, *options], folder)
        wall = time.perf_counter() - begin
    return _measured(report, wall)


def _measured(report: str, wall: float) -> Measured:
    found = re.search(r"(\d+) states generated, (\d+) distinct states found, 0 states left on queue", report)
    if found is None:
        raise ToolError(f"TLC did not search everything:\n{report}")
    return Measured(states=int(found[2]), transitions=int(found[1]) - INITIAL, wall=wall)
