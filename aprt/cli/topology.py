"""A directory as the subject of a command: the host, guests and script in it become a case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aprt.core.errors import UserError
from aprt.core.scenario import Era
from aprt.verdict.case import Case, find_era
from aprt.vfio_ap.topology_files import load_topology
from aprt.vfio_ap.topology_system import topology_scenario


def topology_case(
    eras: Mapping[str, Era], text: str, era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> Case:
    """The case of `DIRECTORY[+SWITCH...]`. The script names era and switches, unless the reference or the options do.

    Switches behind the directory replace those of the script; options change them. Raises: `UserError`.
    """
    directory, *words = text.split("+")
    if ":" in directory:
        raise UserError(f"{directory}: a topology's directory has no ':' in its name (tokens end there)")
    topology = load_topology(Path(directory))
    script = topology.script
    found = find_era(era or script.era, eras)
    scenario = topology_scenario(topology, directory)
    if not words:
        words = [word for word in script.put_in if word not in script.taken_out]
        taken_out = (*taken_out, *(word for word in script.taken_out if word not in put_in))
    return Case.make(found, scenario, words, put_in, taken_out)
