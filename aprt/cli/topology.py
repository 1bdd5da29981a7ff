"""A directory as the subject of a command: the host, guests and script in it become a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import attrs

from aprt.core.errors import UserError
from aprt.core.scenario import Era
from aprt.verdict.case import Case
from aprt.verdict.lookup import find_era
from aprt.verdict.switch_words import check_words
from aprt.vfio_ap.topology.files import load_topology
from aprt.vfio_ap.topology.system import topology_scenario

T = TypeVar("T")


def topology_case(
    eras: Mapping[str, Era], text: str, era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> Case:
    """The case of `DIRECTORY[+SWITCH...]`. The script names the era, unless the options do, and the switches that
    those behind the directory and the options change. Raises: `UserError`.
    """
    directory, *words = text.split("+")
    if ":" in directory:
        raise UserError(f"{directory}: a topology's directory has no ':' in its name (tokens end there)")
    topology = load_topology(Path(directory))
    script = topology.script
    file = Path(directory) / "script.toml"
    found = find_era(era, eras) if era else _of(file, "era", lambda: find_era(script.era, eras))
    scenario = topology_scenario(topology, directory)
    taken = _members(found, script.taken_out)
    own = [word for word in _members(found, script.put_in) if word not in taken]
    _of(file, "with", lambda: found.settings(scenario, own))
    # part of the preset, so that the reference of a case says what was taken out again
    scenario = attrs.evolve(scenario, preset=(*scenario.preset, *own))
    check_words(found, eras, (*words, *put_in), taken_out)
    return Case.make(found, scenario, words, put_in, taken_out)


def _of(file: Path, field: str, find: Callable[[], T]) -> T:
    """What `find` finds; its error names the file and the field that asked for it."""
    try:
        return find()
    except UserError as error:
        raise UserError(f"{file}: {field}: {error}") from None


def _members(era: Era, words: Iterable[str]) -> list[str]:
    return [word for group in map(era.as_written, words) for word in era.groups.get(group, (group,))]
