"""Parameters, such as `vcpus=2` or `guest=use`, that change nothing: a scenario may settle those things itself."""

from __future__ import annotations

import attrs

from aprt.core.scenario import Settings
from aprt.core.switch import spelling
from aprt.verdict.case import Case


def settled(case: Case) -> tuple[tuple[str, ...], Case]:
    """The parameters that were set and change nothing, as a user writes them, and the case without these words.

    They are those that a model asks for when it is built, if at all (`Switch.built`), and this one does not.
    """
    preset = case.era.settings(case.scenario)
    changed = [s for s in case.era.switches if s.built and case.settings[s.name] != preset[s.name]]
    if not changed:
        return (), case
    asked = _Noting(case.settings.switches, case.settings.chosen)
    case.scenario.build(asked)
    words, settings = [], case.settings
    for switch in changed:
        if switch.name not in asked.words:
            words.append(spelling(switch, settings[switch.name]))
            settings = settings.set(switch.name, preset[switch.name])
    return tuple(words), attrs.evolve(case, settings=settings)


@attrs.frozen
class _Noting(Settings):
    """Settings that note what is asked for. words: by which it was."""

    words: set[str] = attrs.field(factory=set, eq=False)

    def __getitem__(self, name: str) -> str:
        self.words.add(name)
        return super().__getitem__(name)
